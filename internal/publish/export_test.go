package publish

// Waiting is how many settlements wait for the transaction that is being written.
func (s *Service) Waiting() int {
	s.settling.mu.Lock()
	defer s.settling.mu.Unlock()
	return len(s.settling.waiting)
}
