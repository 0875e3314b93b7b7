package albertsearch

// SetReaderVersion makes the reader of a type of documents one of another
// version.
func (e *Engine) SetReaderVersion(typ string, version int) { e.versions.readers[typ] = version }
