package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
)

// The tests of this file run the test binary again as another process, because
// locks, mappings and being killed are matters of processes.
const (
	childEnv = "ALBERT_SEARCH_TEST_CHILD"
	childDir = "ALBERT_SEARCH_TEST_DIR"
)

func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	var err error
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "writer":
		err = childWriter(dir)
	case "reader":
		err = childReader(dir)
	case "reembedder":
		err = childReembedder(dir)
	case "holder":
		err = childHolder(dir)
	case "migrator":
		err = childMigrator(dir)
	case "full":
		err = childFull(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(t *testing.T, mode, dir string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), childEnv+"="+mode, childDir+"="+dir)
	stderr := new(bytes.Buffer)
	c.Stderr = stderr
	return c, stderr
}

var killSettings = index.Settings{Embedder: "test", Dim: 8, Languages: "en"}

// killOptions gives segments codes that in earnest would be too small for them.
var killOptions = TestOptions{Settings: killSettings, codedRows: 1}

// In step n the document n is put with n%4 passages, the document n/2 put
// again, the document n/3 deleted, and the document n/4 touched; every fifth
// step touches what it puts again too. So every step changes what searches
// find, segments get holes and merges happen.
func step(n int) index.Batch {
	b := index.Batch{Put: []index.Document{killDoc(n, n)}}
	if n > 1 {
		b.Put = append(b.Put, killDoc(n/2, n))
	}
	if n%3 == 0 {
		b.Delete = []string{killID(n / 3)}
	}
	for _, id := range killTouched(n) {
		info := killDoc(id, n).Info
		info.Fingerprint.ModTime = int64(n)
		b.Touch = append(b.Touch, info)
	}
	return b
}

// killTouched returns the documents that a step touches if they are there.
func killTouched(n int) []int {
	if n%5 == 0 {
		return []int{n / 4, n / 2}
	}
	return []int{n / 4}
}

func killID(n int) string { return fmt.Sprintf("doc-%06d", n) }

// killDoc is document n as step v puts it.
func killDoc(n, v int) index.Document {
	d := index.Document{Info: index.Info{ID: killID(n), Path: "/docs/" + killID(n) + ".txt", Type: "text", Bytes: 10}}
	if n%4 == 0 {
		d.State, d.Reason = index.Failed, "of this kind by design"
	}
	for i := range n % 4 {
		text := fmt.Sprintf("marker%d version%d part%d of the common words", n, v, i)
		d.Content = append(d.Content, index.Passage{Text: text, End: len(text), Vector: killVector(n, v, i)})
	}
	return d
}

func killVector(n, v, i int) []float32 { return killVectorOf(killSettings, n, v, i) }

// killVectorOf is the vector of the embedder in the settings.
func killVectorOf(s index.Settings, n, v, i int) []float32 {
	r := rand.New(rand.NewPCG(uint64(s.Dim)<<32+uint64(n), uint64(v*4+i)))
	vec := make([]float32, s.Dim)
	for j := range vec {
		vec[j] = float32(r.NormFloat64())
	}
	return vec
}

// killVersion says which step put a document, and which one touched it since.
type killVersion struct{ put, touched int }

// killState says which version of each document there is after a step.
func killState(steps int) map[string]killVersion {
	docs := make(map[string]killVersion)
	for n := 1; n <= steps; n++ {
		if n%3 == 0 {
			delete(docs, killID(n/3))
		}
		docs[killID(n)] = killVersion{put: n}
		if n > 1 {
			docs[killID(n/2)] = killVersion{put: n}
		}
		for _, id := range killTouched(n) {
			if d, ok := docs[killID(id)]; ok {
				docs[killID(id)] = killVersion{d.put, n}
			}
		}
	}
	return docs
}

// childWriter carries out the steps from where the index stands, publishing
// now and then, and says which step is published.
func childWriter(dir string) error {
	ctx := context.Background()
	s, err := Create(ctx, dir, killOptions)
	if err != nil {
		return err
	}
	n, err := published(ctx, s)
	if err != nil {
		return err
	}
	fmt.Println(n)
	for n++; ; n++ {
		if err := s.Apply(ctx, step(n)); err != nil {
			return err
		}
		if n%3 == 0 {
			if err := s.Publish(ctx); err != nil {
				return err
			}
			fmt.Println(n)
		}
	}
}

// published returns the step that a store shows. Every step puts its own
// document, and only a much later one deletes it.
func published(ctx context.Context, s *Store) (int, error) {
	last := 0
	for d, err := range s.Documents(ctx) {
		if err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(strings.TrimPrefix(d.ID, "doc-"))
		if err != nil {
			return 0, err
		}
		last = max(last, n)
	}
	return last, nil
}

// checkSteps compares a store with what it must hold after its step.
func checkSteps(ctx context.Context, s *Store) (step int, err error) {
	if step, err = published(ctx, s); err != nil {
		return 0, err
	}
	want := killState(step)
	var wantPassages, have int
	for d, err := range s.Documents(ctx) {
		if err != nil {
			return 0, err
		}
		have++
		v, ok := want[d.ID]
		if !ok {
			return 0, fmt.Errorf("step %d: %s should be gone", step, d.ID)
		}
		if touched := d.Fingerprint.ModTime; touched != int64(v.touched) {
			return 0, fmt.Errorf("step %d: %s was touched in step %d, want %d", step, d.ID, touched, v.touched)
		}
		wantPassages += d.Passages
	}
	if have != len(want) {
		return 0, fmt.Errorf("step %d: %d documents instead of %d", step, have, len(want))
	}
	st, err := s.Stats(ctx)
	if err != nil {
		return 0, err
	}
	if st.Passages != wantPassages {
		return 0, fmt.Errorf("step %d: %d passages instead of %d", step, st.Passages, wantPassages)
	}
	if step == 0 {
		return 0, nil
	}
	all, err := s.Keyword(ctx, index.Request{Query: query("common"), Limit: wantPassages + 1})
	if err != nil {
		return 0, err
	}
	if len(all) != wantPassages {
		return 0, fmt.Errorf("step %d: keywords find %d passages of %d", step, len(all), wantPassages)
	}
	ids := make([]index.PassageID, len(all))
	for i, h := range all {
		ids[i] = h.ID
	}
	passages, err := s.Passages(ctx, ids)
	if err != nil {
		return 0, err
	}
	for _, p := range passages {
		n, v, i, err := parseKillText(p.Text)
		if err != nil {
			return 0, fmt.Errorf("step %d: %w", step, err)
		}
		if have := (killVersion{v, int(p.Doc.Fingerprint.ModTime)}); p.Doc.ID != killID(n) || want[p.Doc.ID] != have {
			return 0, fmt.Errorf("step %d: %s has passage %q of %+v, want %+v", step, p.Doc.ID, p.Text, have, want[p.Doc.ID])
		}
		if row, _ := parseID(p.ID); row%7 != 0 {
			continue // the scan for each would be slow
		}
		vector := killVectorOf(st.Settings, n, v, i)
		near, err := s.Nearest(ctx, index.Request{Vector: vector, Limit: wantPassages})
		if err != nil {
			return 0, err
		}
		found, square := false, 0.0
		for _, x := range vector {
			square += float64(x) * float64(x)
		}
		for _, h := range near {
			found = found || h.ID == p.ID && math.Abs(h.Score-square) < 1e-4*square
		}
		if len(near) != wantPassages || !found {
			return 0, fmt.Errorf("step %d: nearest returns %d of %d passages, %s among them: %t", step, len(near), wantPassages, p.ID, found)
		}
	}
	return step, nil
}

// parseKillText tells which passage of which version of which document a text
// is.
func parseKillText(text string) (n, v, i int, err error) {
	if _, err := fmt.Sscanf(text, "marker%d version%d part%d", &n, &v, &i); err != nil {
		return 0, 0, 0, fmt.Errorf("passage %q: %w", text, err)
	}
	return n, v, i, nil
}

func query(words string) index.Query {
	return index.Query{Clauses: []index.Clause{{Text: words}}}
}

// TestWriterKilled kills writers at random moments, while they apply, merge or
// publish, and checks each time that what was published last is there and
// whole.
func TestWriterKilled(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	lastStep := 0
	for round := range rounds {
		acknowledged := killed(t, "writer", dir, time.Duration(random.IntN(400))*time.Millisecond)
		want, err := strconv.Atoi(acknowledged)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		have, err := checkSteps(t.Context(), s)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := errors.Join(s.Verify(t.Context()), s.CheckCodes(t.Context())); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if have < want || have < lastStep {
			t.Fatalf("round %d: step %d is there, %d was acknowledged", round, have, want)
		}
		lastStep = have
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if lastStep == 0 {
		t.Error("no writer came to publish anything")
	}
	t.Logf("%d steps survived %d kills", lastStep, rounds)
}

// killed starts a writer, kills it some time after it has opened the index, and
// returns the last line that it wrote.
func killed(t *testing.T, mode, dir string, after time.Duration) string {
	t.Helper()
	c, stderr := child(t, mode, dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		c.Wait()
		t.Fatalf("%s did not start: %s", mode, stderr)
	}
	timer := time.AfterFunc(after, func() { c.Process.Kill() })
	acknowledged := lines.Text()
	for lines.Scan() {
		acknowledged = lines.Text()
	}
	timer.Stop()
	c.Wait()
	if stderr.Len() > 0 {
		t.Fatalf("%s failed: %s", mode, stderr)
	}
	return acknowledged
}

// childReader opens and checks the index again and again.
func childReader(dir string) error {
	ctx := context.Background()
	last, moved := 0, 0
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		s, err := Open(ctx, dir)
		if err != nil {
			return err
		}
		step, err := checkSteps(ctx, s)
		if err != nil {
			return err
		}
		if step < last {
			return fmt.Errorf("went back from step %d to %d", last, step)
		}
		if step > last {
			moved++
		}
		last = step
		if err := s.Close(); err != nil {
			return err
		}
	}
	if moved < 2 {
		return errors.New("the writer published nothing meanwhile")
	}
	return nil
}

// TestReadersWhileWriting lets other processes open the index over and over
// while one writes and publishes as fast as it can.
func TestReadersWhileWriting(t *testing.T) {
	dir := t.TempDir()
	w, stderr := child(t, "writer", dir)
	out, err := w.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("writer did not start: %s", stderr)
	}
	go func() {
		for lines.Scan() {
		}
	}()
	var readers []*exec.Cmd
	var outputs []*bytes.Buffer
	for range 2 {
		r, out := child(t, "reader", dir)
		if err := r.Start(); err != nil {
			t.Fatal(err)
		}
		readers, outputs = append(readers, r), append(outputs, out)
	}
	for i, r := range readers {
		if err := r.Wait(); err != nil {
			t.Errorf("reader: %v: %s", err, outputs[i])
		}
	}
	w.Process.Kill()
	w.Wait()
	if stderr.Len() > 0 {
		t.Errorf("writer failed: %s", stderr)
	}
}

// childHolder holds the lock until its standard input ends.
func childHolder(dir string) error {
	s, err := Create(context.Background(), dir, killOptions)
	if err != nil {
		return err
	}
	fmt.Println("holding")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return s.Close()
}

// TestSecondWriter checks that a second writer, in another process or in this
// one, fails at once and says who holds the index.
func TestSecondWriter(t *testing.T) {
	dir := t.TempDir()
	c, stderr := child(t, "holder", dir)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Fatalf("holder did not start: %s", stderr)
	}
	_, err = Create(t.Context(), dir, killOptions)
	var locked *index.LockedError
	if !errors.As(err, &locked) || !errors.Is(err, index.ErrLocked) {
		t.Fatalf("error %v, want a index.LockedError", err)
	}
	host, _ := os.Hostname()
	if locked.Holder.PID != c.Process.Pid || locked.Holder.Host != host || locked.Holder.Since.IsZero() {
		t.Errorf("holder %+v, want process %d on %s", locked.Holder, c.Process.Pid, host)
	}
	in.Close()
	if err := c.Wait(); err != nil {
		t.Fatalf("holder: %v: %s", err, stderr)
	}
	s, err := Create(t.Context(), dir, killOptions)
	if err != nil {
		t.Fatalf("after the holder's end: %v", err)
	}
	defer s.Close()
	if _, err := Create(t.Context(), dir, killOptions); !errors.Is(err, index.ErrLocked) {
		t.Errorf("second writer in one process: %v, want ErrLocked", err)
	}
}
