// Command ratios runs the benchmarks that compare a fast path with a plain one in
// the same run, and prints how many times as fast it is. A benchmark says so with
// a metric; bench/ratios.json names the benchmarks and the units of such metrics:
// x-flat, say, is the time of the flat scan over that of what is measured.
//
//	go run ./bench/ratios           all of them, some minutes
//	go run ./bench/ratios -guard    a short form: fails when a ratio is less than half of the recorded one
//	go run ./bench/ratios -record   the short form again: writes what it measured into bench/ratios.json
//
// Both sides of a ratio suffer from a busy machine alike, so that half of it is
// nothing that noise explains. Which instructions there are explains more: on a
// machine of another kind than the recorded one nothing is compared.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// tolerated is the part of a recorded ratio below which the guard fails.
const tolerated = 0.5

// file is bench/ratios.json.
type file struct {
	Benchmarks []benchmark `json:"benchmarks"`
	// Better tells of each unit that is a ratio whether more or less is better.
	Better map[string]direction `json:"better"`
	// Machine is where the ratios were recorded, as the function of that name
	// says it.
	Machine string `json:"machine"`
	// Ratios are those of the guard's benchmarks, by "BenchmarkName unit".
	Ratios map[string]float64 `json:"ratios"`
}

// direction is where better ratios lie.
type direction string

const (
	more direction = "more"
	less direction = "less"
)

// benchmark is what is run of a package.
type benchmark struct {
	Package string `json:"package"`
	// Bench and Time are go test's -bench and -benchtime of the whole form,
	// Guard and GuardTime those of the short one, which leaves out those
	// without Guard.
	Bench     string `json:"bench"`
	Time      string `json:"time"`
	Guard     string `json:"guard,omitempty"`
	GuardTime string `json:"guard_time,omitempty"`
}

func main() {
	path := flag.String("file", "bench/ratios.json", "what is run, and the recorded ratios")
	guard := flag.Bool("guard", false, "run the short form and compare with the recorded ratios")
	record := flag.Bool("record", false, "run the short form and record the ratios")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *path, *guard, *record); err != nil {
		fmt.Fprintln(os.Stderr, "ratios:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, guard, record bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for unit, d := range f.Better {
		if d != more && d != less {
			return fmt.Errorf("%s: %s of %q is better; say more or less", path, unit, d)
		}
	}
	began := time.Now()
	measured, brand, err := f.measure(ctx, guard || record)
	if err != nil {
		return err
	}
	here := machine(brand)
	known := f.Ratios
	if !guard || here != f.Machine {
		known = nil
	}
	wrong := f.report(os.Stdout, measured, known)
	fmt.Printf("%s; %.0f s\n", here, time.Since(began).Seconds())
	switch {
	case record:
		f.Machine, f.Ratios = here, measured
		out, err := json.MarshalIndent(f, "", "\t")
		if err != nil {
			return err
		}
		return os.WriteFile(path, append(out, '\n'), 0o644)
	case guard && here != f.Machine:
		fmt.Printf("nothing is compared: the ratios were recorded on %s\n", cmp.Or(f.Machine, "no machine"))
	case guard && len(wrong) > 0:
		return fmt.Errorf("%s. Ratios are within one run, so a busy machine explains little of that: either a fast path has become slow, or -record is due (make bench-guard-record)", strings.Join(wrong, "; "))
	}
	return nil
}

// measure runs the benchmarks and returns their ratios, by "BenchmarkName unit",
// and the processor's brand.
func (f *file) measure(ctx context.Context, short bool) (ratios map[string]float64, brand string, err error) {
	ratios = make(map[string]float64)
	for _, b := range f.Benchmarks {
		pattern, howLong := b.Bench, b.Time
		if short {
			pattern, howLong = b.Guard, b.GuardTime
		}
		if pattern == "" {
			continue
		}
		fmt.Fprintf(os.Stderr, "go test -run ^$ -bench %s -benchtime %s %s\n", pattern, howLong, b.Package)
		var out bytes.Buffer
		c := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", howLong, b.Package)
		c.Stdout, c.Stderr = &out, os.Stderr
		if err := c.Run(); err != nil {
			return nil, "", fmt.Errorf("%s: %w\n%s", b.Package, err, out.Bytes())
		}
		found, p, err := f.parse(&out)
		if err != nil {
			return nil, "", err
		}
		if len(found) == 0 { // report fails if one is recorded
			fmt.Fprintf(os.Stderr, "%s: no benchmark that matches %s has a ratio\n", b.Package, pattern)
		}
		maps.Copy(ratios, found)
		brand = p
	}
	return ratios, brand, nil
}

var cores = regexp.MustCompile(`-\d+$`)

// parse reads the output of go test -bench.
func (f *file) parse(r io.Reader) (ratios map[string]float64, brand string, err error) {
	ratios = make(map[string]float64)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if p, ok := strings.CutPrefix(lines.Text(), "cpu: "); ok {
			brand = p
		}
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		// After the name and the number of runs come pairs of value and unit.
		for pair := range slices.Chunk(fields[2:], 2) {
			if len(pair) < 2 || f.Better[pair[1]] == "" {
				continue
			}
			v, err := strconv.ParseFloat(pair[0], 64)
			if err != nil {
				return nil, "", fmt.Errorf("%s: %w", lines.Text(), err)
			}
			ratios[cores.ReplaceAllString(fields[0], "")+" "+pair[1]] = v
		}
	}
	return ratios, brand, lines.Err()
}

// report prints the ratios, beside those that are known if there are any, and
// returns what is wrong with them.
func (f *file) report(to io.Writer, measured, known map[string]float64) (wrong []string) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, name := range slices.Sorted(maps.Keys(measured)) {
		benchmark, unit, _ := strings.Cut(name, " ")
		fmt.Fprintf(w, "%s\t%.3g\t%s", strings.TrimPrefix(benchmark, "Benchmark"), measured[name], unit)
		if was, ok := known[name]; ok {
			fmt.Fprintf(w, "\trecorded %.3g", was)
			worse := measured[name] < tolerated*was
			if f.Better[unit] == less {
				worse = was < tolerated*measured[name]
			}
			if worse {
				wrong = append(wrong, fmt.Sprintf("%s is %.3g and was %.3g", name, measured[name], was))
			}
		}
		fmt.Fprintln(w)
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if _, ok := measured[name]; !ok {
			wrong = append(wrong, name+" is recorded and was not measured")
		}
	}
	return wrong
}
