package local

// Newer tells whether a generation newer than the one that this reader shows
// has been published. It is cheap enough to be asked before every search.
func (s *Store) Newer() (bool, error) {
	cur, err := readCurrent(s.dir)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view == nil {
		return false, errClosed
	}
	return cur.generation != s.manifest.Generation, nil
}
