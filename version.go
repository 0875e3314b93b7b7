package albertsearch

// Version is the number of this version, as in the first numbered heading of CHANGELOG.md.
const Version = "0.1.0"
