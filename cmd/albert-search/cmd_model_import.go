package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/hub"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// The environment variables of the hub, as its own programs read them.
const (
	endpointVariable = "HF_ENDPOINT"
	tokenVariable    = "HF_TOKEN"
)

// importFlags are those of commands that make a model in the store; otherwise
// is what it is called without --name.
func importFlags(otherwise string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "name", Usage: "call it `NAME` (default: " + otherwise + ")"},
		&cli.StringFlag{
			Name: "samples", DefaultText: "texts in the program",
			Usage: "int8 weights are balanced over the texts in `FILE`, one a line, a tab between question and passage; none saves memory and time",
		},
	}
}

func precisionFlags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{
		Name: "precision", Value: albert.Int8.String(), Usage: "keep the weights in `PRECISION`: " + list("precision"),
	}}
}

func (p *program) modelImportCommand() *cli.Command {
	return &cli.Command{
		Name: "import", Usage: "bring a model from a folder", ArgsUsage: "FOLDER",
		Description: `FOLDER is in the layout of Hugging Face: config.json; model.safetensors or pytorch_model.bin,
also in several files; spiece.model, tokenizer.json or vocab.txt. It may be one of
sentence-transformers. A BERT is converted into the ALBERT that computes the same. The
weights are read without running anything that a file may hold, checked, and rounded to 8
bits, unless --precision fp32 keeps them. FOLDER itself is not needed afterwards.

Examples:
   albert-search model import ~/models/my-albert
   albert-search model import . --name mine --precision fp32
   albert-search model import ~/models/german --samples german-passages.txt`,
		Flags:  flags(importFlags("as its folder"), precisionFlags(), runtimeFlags()),
		Action: p.modelImport,
	}
}

func (p *program) modelImport(c *cli.Context) error {
	s, err := p.openModels(c)
	if err != nil {
		return err
	}
	if c.NArg() != 1 {
		return usagef(fullName(c), "name one folder that holds a model")
	}
	folder, err := filepath.Abs(c.Args().First())
	if err != nil {
		return err
	}
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && hub.ValidName(c.Args().First()):
		return fmt.Errorf("there is no folder %s here; albert-search model pull %[1]s downloads the model of that name", c.Args().First())
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is a file: name the folder that holds config.json, the weights and the tokenizer", s.path(folder))
	}
	o := modelstore.ImportOptions{Name: c.String("name"), Source: folder}
	if o.Name == "" {
		o.Name = localName(filepath.Base(folder))
	}
	return s.importModel(o, func(o modelstore.ImportOptions) (*modelstore.Record, error) {
		r, err := s.store.Import(c.Context, os.DirFS(folder), o)
		return r, about(s.path(folder), err)
	})
}

// about is an error with the model of that folder or name, nil if there is none.
func about(model string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("import %s: %w", model, err)
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// localName makes the name of a model of that of its folder.
func localName(name string) string {
	return strings.TrimLeft(notInNames.ReplaceAllString(name, "-"), "._-")
}

// noSamples is what --samples is where there shall be none.
const noSamples = "none"

// gcPercent keeps the heap near what is in use: tensors of large models come
// and go.
const gcPercent = 10

// addFlags adds what the flags of an import say.
func (s *modelSession) addFlags(o *modelstore.ImportOptions) (err error) {
	switch file := s.String("samples"); file {
	case "":
	case noSamples:
		o.NoSamples = true
	default:
		if o.Samples, err = readSamples(file); err != nil {
			return err
		}
	}
	if s.String("precision") == albert.Float32.String() {
		if s.IsSet("samples") {
			return usagef(fullName(s.Context), "--samples balances weights of 8 bits; with --precision %s there are none: leave one of them out", albert.Float32)
		}
		o.Precision = albert.Float32
	} else {
		o.Precision = albert.Int8
	}
	return nil
}

// importModel runs an import with what the flags say and prints the model.
func (s *modelSession) importModel(o modelstore.ImportOptions, run func(modelstore.ImportOptions) (*modelstore.Record, error)) error {
	if err := s.addFlags(&o); err != nil {
		return err
	}
	var rt *ort.Runtime
	o.Runtime = func() (*ort.Runtime, error) {
		var err error
		rt, err = ort.Load(runtimeLibrary(s.Context))
		return rt, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	steps := newSteps(&s.printer)
	o.Log = steps.next
	r, err := run(o)
	steps.finish()
	if rt != nil {
		err = errors.Join(err, rt.Close())
	}
	if err != nil {
		return err
	}
	return s.showImported(r)
}

func (s *modelSession) showImported(r *modelstore.Record) error {
	if err := s.showRecord(r); err != nil {
		return err
	}
	for _, role := range []modelstore.Role{modelstore.Embedder, modelstore.Reader} {
		if slices.Contains(r.Uses, string(role)) {
			s.remark("To use it: albert-search model use --%s %s", role, r.Name)
		}
	}
	return nil
}

// maxSamples is more texts than are ever looked at.
const maxSamples = 1000

// readSamples reads the first texts of a file that are worth something.
func readSamples(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var texts []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && len(texts) < maxSamples {
		if line := strings.TrimSpace(lines.Text()); len(strings.Fields(line)) > 2 {
			texts = append(texts, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s has no line of more than two words", file)
	}
	return texts, nil
}

func (p *program) modelPullCommand() *cli.Command {
	return &cli.Command{
		Name: "pull", Usage: "download a model from the Hugging Face hub, and import it", ArgsUsage: "NAME[@REVISION]",
		Description: `REVISION is a branch, tag or commit (default: main). What was downloaded when a pull is cut
off is kept: the next one goes on from there. Every file is compared with the checksum that
the hub gives; where a mirror gives none, that is said. Models that need it are pulled with
the token in ` + tokenVariable + `.

Examples:
   albert-search model pull twmkn9/albert-base-v2-squad2
   albert-search model pull sentence-transformers/paraphrase-albert-small-v2@main --name albert-small
   albert-search model pull albert/albert-base-v2 --endpoint https://mirror.example.com`,
		Flags: flags([]cli.Flag{&cli.StringFlag{
			Name: "endpoint", EnvVars: []string{endpointVariable}, Value: hub.DefaultEndpoint, Usage: "download from the server at `URL`",
		}}, importFlags("the last part of its name on the hub"), precisionFlags(), runtimeFlags()),
		Action: p.modelPull,
	}
}

func (p *program) modelPull(c *cli.Context) error {
	s, err := p.openModels(c)
	if err != nil {
		return err
	}
	if c.NArg() != 1 {
		return usagef(fullName(c), "name one model, as albert/albert-base-v2")
	}
	name, revision, ok := strings.Cut(c.Args().First(), "@")
	if !ok {
		revision = "main"
	}
	if !hub.ValidName(name) || revision == "" {
		return usagef(fullName(c), "%q is not NAME or NAME@REVISION, as albert/albert-base-v2@main", c.Args().First())
	}
	local := c.String("name")
	if local == "" {
		local = localName(path.Base(name))
	}
	if err := modelstore.CheckName(local); err != nil {
		return err
	}
	if err := s.checkPull(); err != nil {
		return err
	}
	client := &hub.Client{Endpoint: c.String("endpoint"), Token: os.Getenv(tokenVariable)}
	snapshot, err := client.Find(c.Context, name, revision)
	if err != nil {
		return err
	}
	if done, err := s.pulledBefore(local, snapshot); done || err != nil {
		return err
	}
	dir, notes, err := s.download(c.Context, client, snapshot)
	if err != nil {
		return err
	}
	return s.importModel(modelstore.ImportOptions{Name: local, Source: snapshot.Name, Revision: snapshot.Revision, Notes: notes},
		func(o modelstore.ImportOptions) (*modelstore.Record, error) {
			r, err := s.store.Import(c.Context, os.DirFS(dir), o)
			err = about(snapshot.Name, err)
			if c.Context.Err() != nil || mendable(err) {
				return r, err // the next pull goes on with what has come
			}
			return r, errors.Join(err, s.store.RemoveDownload(snapshot.Name, snapshot.Revision))
		})
}

// checkPull finds what would keep a model from being imported after it has been
// downloaded.
func (s *modelSession) checkPull() error {
	var o modelstore.ImportOptions
	if err := s.addFlags(&o); err != nil {
		return err
	}
	if o.Precision == albert.Int8 && !o.NoSamples {
		_, err := ort.Find(runtimeLibrary(s.Context))
		return err
	}
	return nil
}

// mendable reports whether an import failed for a reason that is not in the
// model, so that it need not be downloaded again.
func mendable(err error) bool {
	var noLibrary *ort.NotFoundError
	return errors.As(err, &noLibrary) || errors.Is(err, modelstore.ErrBusy) || errors.Is(err, syscall.ENOSPC)
}

// pulledBefore says what there is under the name already, and whether that is
// what is to be pulled.
func (s *modelSession) pulledBefore(local string, snapshot *hub.Snapshot) (done bool, err error) {
	r, err := s.store.Get(local)
	if errors.Is(err, modelstore.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.Source == snapshot.Name && r.Revision == snapshot.Revision && r.Precision == s.String("precision") {
		s.remark("%s is there already, at the same revision.", local)
		return true, s.showRecord(r)
	}
	return false, fmt.Errorf("%w: %q, from %s; albert-search model remove %s removes it, or give this one another name with --name",
		modelstore.ErrExists, local, strings.TrimSpace(r.Source+" "+r.Revision), local)
}

// maxSmall is the longest file downloaded that is not weights.
const maxSmall = 128 << 20

// maxDownload is more than all files of the largest model take, many times over.
const maxDownload = 64 << 30

// download brings the files of a model into the store's folder for downloads.
// All that is not weights comes first, so that what is no ALBERT is known
// before much has come. The notes are about what the server does not say.
func (s *modelSession) download(ctx context.Context, client *hub.Client, snapshot *hub.Snapshot) (dir string, notes []string, err error) {
	var small, weights []hub.File
	var total int64
	for _, f := range snapshot.Needed() {
		total += max(f.Size, 0)
		switch {
		case strings.HasSuffix(f.Name, ".safetensors") || strings.HasSuffix(f.Name, ".bin"):
			weights = append(weights, f)
		case f.Size > maxSmall:
			return "", nil, fmt.Errorf("%s of %s has %d bytes, more than the %d that such a file may have", f.Name, snapshot.Name, f.Size, maxSmall)
		default:
			small = append(small, f)
		}
	}
	switch {
	case len(weights) == 0:
		return "", nil, fmt.Errorf("%s has no weights that can be read: neither model.safetensors nor pytorch_model.bin, whole or in parts", snapshot.Name)
	case total > maxDownload:
		return "", nil, fmt.Errorf("%s has %s of files, more than any model that is read here", snapshot.Name, size(total))
	}
	if dir, err = s.store.Download(snapshot.Name, snapshot.Revision); err != nil {
		return "", nil, err
	}
	if _, err := client.Download(ctx, snapshot, small, dir); err != nil {
		return "", nil, err
	}
	if err := modelstore.Precheck(os.DirFS(dir)); err != nil {
		return "", nil, errors.Join(fmt.Errorf("%s: %w", snapshot.Name, err), s.store.RemoveDownload(snapshot.Name, snapshot.Revision))
	}
	bar := newDownloadBar(&s.printer, snapshot.Name)
	client.Progress = bar.show
	all := slices.Concat(small, weights)
	_, err = client.Download(ctx, snapshot, all, dir)
	bar.finish()
	var unchecked []string
	for _, f := range all {
		if !f.Checked() {
			unchecked = append(unchecked, f.Name)
		}
	}
	if len(unchecked) > 0 {
		notes = append(notes, "The server gave no checksum for "+strings.Join(unchecked, ", ")+": nothing but their sizes, where it said them, could be compared.")
	}
	return dir, notes, err
}

func (p *program) modelQuantizeCommand() *cli.Command {
	return &cli.Command{
		Name: "quantize", Usage: "make an int8 model of one that was imported in fp32", ArgsUsage: "NAME",
		Description: `The new model is called NAME-int8, unless --name says otherwise. The other stays.

Examples:
   albert-search model quantize mine
   albert-search model quantize mine --samples passages.txt --name mine-small`,
		Flags: flags(importFlags("NAME-int8"), runtimeFlags()),
		Action: func(c *cli.Context) error {
			s, name, err := p.openModel(c)
			if err != nil {
				return err
			}
			o := modelstore.ImportOptions{Name: c.String("name")}
			if o.Name == "" {
				o.Name = name + "-int8"
			}
			return s.importModel(o, func(o modelstore.ImportOptions) (*modelstore.Record, error) {
				return s.store.Quantize(c.Context, name, o)
			})
		},
	}
}

// steps shows what is being done while people look: on a terminal the last
// step only, elsewhere nothing.
type steps struct{ bar *progressbar.ProgressBar }

func newSteps(p *printer) *steps {
	if p.quiet || p.json || !term.IsTerminal(p.stderr) {
		return &steps{}
	}
	return &steps{progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(p.stderr),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionClearOnFinish(),
	)}
}

func (s *steps) next(step string) {
	if s.bar != nil {
		s.bar.Describe(step)
		_ = s.bar.Add(1) // of drawing only
	}
}

func (s *steps) finish() {
	if s.bar != nil {
		_ = s.bar.Finish() // of drawing only
	}
}

// downloadBar shows how much of a download has come.
type downloadBar struct {
	name string
	bar  *progressbar.ProgressBar // nil when nobody looks
}

func newDownloadBar(p *printer, name string) *downloadBar {
	if p.quiet || p.json || !term.IsTerminal(p.stderr) {
		return &downloadBar{}
	}
	return &downloadBar{name, progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(p.stderr),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(16),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

func (b *downloadBar) show(done, total int64, file string) {
	if b.bar == nil {
		return
	}
	b.bar.ChangeMax64(max(total, 1))
	b.bar.Describe(term.OneLine(b.name + ": " + file))
	_ = b.bar.Set64(min(done, total)) // of drawing only
}

func (b *downloadBar) finish() {
	if b.bar != nil {
		_ = b.bar.Clear() // of drawing only
	}
}
