package local

import "runtime/debug"

// catchFaults makes of a read that the operating system cannot carry out an
// error of damage: of a file that is mapped and has become shorter, or whose
// disk fails, the process would otherwise die of SIGBUS. It counts for the
// goroutine that calls it, until the function that it returns is run by defer:
//
//	defer catchFaults(s.dir, &err)()
func catchFaults(path string, err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		r := recover()
		if r == nil {
			return
		}
		if _, ok := r.(interface{ Addr() uintptr }); !ok {
			panic(r) // which is a mistake of ours
		}
		*err = damaged(path, "cannot be read any more: it has become shorter, or its disk fails")
	}
}

// panicOf runs f, with faults as panics, and returns what it panics with.
// Goroutines that help with a search have the caller deal with it.
func panicOf(f func()) (panicked any) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { panicked = recover() }()
	f()
	return nil
}
