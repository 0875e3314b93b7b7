package torture

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// Log is what an index has acknowledged.
type Log struct {
	// Begun is the last step that was begun, Done the last of which all was
	// acknowledged.
	Begun, Done int
	// Docs has the step of documents that were acknowledged one by one, of steps
	// after Done.
	Docs map[int]int
}

// ParseLog reads a log. A line that was cut off does not count.
func ParseLog(r io.Reader) (Log, error) {
	l := Log{Docs: make(map[int]int)}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return l, nil
		}
		var step, doc int
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "begin":
			_, err = fmt.Sscan(rest, &l.Begun)
		case "done":
			_, err = fmt.Sscan(rest, &l.Done)
			clear(l.Docs)
		case "doc":
			if _, err = fmt.Sscan(rest, &step, &doc); step > l.Done {
				l.Docs[doc] = step
			}
		default:
			err = fmt.Errorf("unknown word")
		}
		if err != nil {
			return l, fmt.Errorf("log: %q: %w", line, err)
		}
	}
}

// ReadLog reads the log in a file; where there is none nothing has begun.
func ReadLog(path string) (Log, error) {
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return Log{}, err
	}
	return ParseLog(bytes.NewReader(b))
}

// logFile is a log that is being written.
type logFile struct{ f *os.File }

func openLog(path string) (*logFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	return &logFile{f}, err
}

// note writes a line and returns when it is on the disk.
func (l *logFile) note(format string, args ...any) error {
	if _, err := fmt.Fprintf(l.f, format+"\n", args...); err != nil {
		return err
	}
	return l.f.Sync()
}
