package local

// Newer tells whether CURRENT names another generation than the one that this
// reader shows, one of an index that was dropped and made anew included. It is
// cheap enough to be asked before every search. For a writer it is false.
func (s *Store) Newer() (bool, error) {
	if s.writer != nil {
		return false, nil
	}
	cur, err := readCurrent(s.dir)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, errClosed
	}
	// An index made anew counts its generations from 1 again; the checksum of
	// the manifest, which has the time of its making, tells them apart.
	return cur != s.current, nil
}
