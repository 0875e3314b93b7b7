// Package source has what documents come from: files and folders, files of
// records, and streams.
package source
