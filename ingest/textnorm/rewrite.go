package textnorm

// edit says that the bytes [newStart, newEnd) of a text stand for the bytes
// [oldStart, oldEnd) of the one it was made from. Between two edits the texts
// are the same.
type edit struct {
	newStart, newEnd int
	oldStart, oldEnd int
}

// rewriter makes a text from src by replacing parts of it, in ascending order.
type rewriter struct {
	src   string
	out   []byte
	done  int // bytes of src that are in out, or replaced there
	edits []edit
}

// replace puts with in the place of src[start:end], which is not empty.
func (w *rewriter) replace(start, end int, with string) {
	if w.src[start:end] == with {
		return
	}
	w.out = append(w.out, w.src[w.done:start]...)
	from := len(w.out)
	w.out = append(w.out, with...)
	w.done = end
	w.edits = append(w.edits, edit{newStart: from, newEnd: len(w.out), oldStart: start, oldEnd: end})
}

// result returns the new text and the edits that lead from it to the text
// before src, which src was made from by the edits earlier.
func (w *rewriter) result(earlier []edit) (string, []edit) {
	if len(w.edits) == 0 {
		return w.src, earlier
	}
	return string(append(w.out, w.src[w.done:]...)), chain(earlier, w.edits)
}

// chain joins the edits of two passes, the first of which made the text that
// the second one changed. Edits that overlap in that text become one.
func chain(first, second []edit) []edit {
	if len(first) == 0 {
		return second
	}
	out := make([]edit, 0, len(first)+len(second))
	var oldShift, newShift int // from the text between the passes
	for i, j := 0, 0; i < len(first) || j < len(second); {
		var start, end int
		takeFirst := func() {
			end = max(end, first[i].newEnd)
			oldShift = first[i].oldEnd - first[i].newEnd
			i++
		}
		takeSecond := func() {
			end = max(end, second[j].oldEnd)
			newShift = second[j].newEnd - second[j].oldEnd
			j++
		}
		fromFirst := j == len(second) || i < len(first) && first[i].newStart <= second[j].oldStart
		if fromFirst {
			start = first[i].newStart
		} else {
			start = second[j].oldStart
		}
		e := edit{oldStart: start + oldShift, newStart: start + newShift}
		if fromFirst {
			takeFirst()
		} else {
			takeSecond()
		}
		for {
			switch {
			case i < len(first) && first[i].newStart < end:
				takeFirst()
				continue
			case j < len(second) && second[j].oldStart < end:
				takeSecond()
				continue
			}
			break
		}
		e.oldEnd, e.newEnd = end+oldShift, end+newShift
		out = append(out, e)
	}
	return out
}
