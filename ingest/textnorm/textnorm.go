// Package textnorm makes the form of a text that is matched and read by the
// models: compatibility characters, ligatures, soft hyphens, line-end
// hyphenation and look-alike letters of other scripts are resolved. What is
// shown and cited is always the original, which Text leads back to.
package textnorm
