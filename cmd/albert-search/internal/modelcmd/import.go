package modelcmd

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/heap"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// The environment variables of the hub, as its own programs read them.
const (
	EndpointVariable = "HF_ENDPOINT"
	tokenVariable    = "HF_TOKEN"
)

// importOptions are the flags of commands that make a model in the store.
type importOptions struct {
	Name    string
	Samples string
	options.Runtime
}

// flags declares them; otherwise is what the model is called without --name.
func (o *importOptions) flags(otherwise string) []cli.Flag {
	return cli.Join([]cli.Flag{
		{Name: "name", Setting: cli.Unconfigured, Usage: "call it `NAME`", Default: otherwise, To: cli.String(&o.Name)},
		{Name: "samples", Setting: cli.Unconfigured, Default: "texts in the program", To: cli.String(&o.Samples),
			Usage: "int8 weights are balanced over the texts in `FILE`, one to a line, a tab between question and passage; none saves memory and time"},
	}, o.Runtime.Flags())
}

// precision is how weights are kept, as albert.Precision prints itself.
type precision string

func precisions() []precision {
	return []precision{precision(albert.Int8.String()), precision(albert.Float32.String())}
}

// folderOptions are the flags of import.
type folderOptions struct {
	importOptions
	Precision precision
}

func (o *folderOptions) Flags() []cli.Flag {
	return append(o.flags("as its folder"), precisionFlag(&o.Precision))
}

func precisionFlag(to *precision) cli.Flag {
	*to = precision(albert.Int8.String())
	return cli.Flag{Name: "precision", Setting: cli.Unconfigured, Usage: "keep the weights in `PRECISION`: " + cli.OneOf(precisions()),
		To: cli.Choice(to, precisions())}
}

func importCommand() *cli.Command {
	o := &folderOptions{}
	return &cli.Command{
		Name: "import", Usage: "bring a model from a folder", Args: "FOLDER",
		Description: `FOLDER is in the layout of Hugging Face: config.json; model.safetensors or pytorch_model.bin,
also in several files; spiece.model, tokenizer.json or vocab.txt. It may be one of
sentence-transformers. A BERT is converted into the ALBERT that computes the same. The
weights are read without running anything that a file may hold, checked, and rounded to 8
bits, unless --precision fp32 keeps them. FOLDER itself is not needed afterwards.`,
		Examples: []string{
			`albert-search model import ~/models/my-albert`,
			`albert-search model import . --name mine --precision fp32`,
			`albert-search model import ~/models/german --samples german-passages.txt`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return importFolder(ctx, c, o) },
	}
}

func importFolder(ctx context.Context, c *cli.Call, f *folderOptions) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	if len(c.Args) != 1 {
		return c.Usagef("name one folder that holds a model")
	}
	folder, err := filepath.Abs(c.Args[0])
	if err != nil {
		return err
	}
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && modelstore.ValidHubName(c.Args[0]):
		return fmt.Errorf("there is no folder %s here; albert-search model pull %[1]s downloads the model of that name", c.Args[0])
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is a file: name the folder that holds config.json, the weights and the tokenizer", s.Path(folder))
	}
	o := modelstore.ImportOptions{Name: f.Name, Source: folder}
	if o.Name == "" {
		o.Name = localName(filepath.Base(folder))
	}
	i := importing{s, &f.importOptions, f.Precision}
	return i.run(o, func(o modelstore.ImportOptions) (*modelstore.Record, error) {
		r, err := s.store.Import(ctx, os.DirFS(folder), o)
		return r, about(s.Path(folder), err)
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

// noSamples is the value of --samples for none.
const noSamples = "none"

// importing is one import, with what its flags say.
type importing struct {
	*session
	options   *importOptions
	precision precision
}

// add adds what the flags say.
func (i *importing) add(o *modelstore.ImportOptions) (err error) {
	switch i.options.Samples {
	case "":
	case noSamples:
		o.NoSamples = true
	default:
		if o.Samples, err = readSamples(i.options.Samples); err != nil {
			return err
		}
	}
	o.Precision = albert.Int8
	if i.precision == precision(albert.Float32.String()) {
		if i.options.Samples != "" {
			return i.Usagef("--samples balances weights of 8 bits; with --precision %s there are none: leave one of them out", albert.Float32)
		}
		o.Precision = albert.Float32
	}
	return nil
}

// run imports a model with what the flags say and prints it.
func (i *importing) run(o modelstore.ImportOptions, read func(modelstore.ImportOptions) (*modelstore.Record, error)) error {
	if err := i.add(&o); err != nil {
		return err
	}
	var rt *ort.Runtime
	o.Runtime = func() (*ort.Runtime, error) {
		var err error
		rt, err = ort.Load(i.options.Find())
		return rt, err
	}
	defer heap.Tight()()
	bar := i.Steps()
	o.Log = bar.Step
	r, err := read(o)
	bar.Done()
	if rt != nil {
		err = errors.Join(err, rt.Close())
	}
	if err != nil {
		return err
	}
	return i.showImported(r)
}

func (s *session) showImported(r *modelstore.Record) error {
	if err := s.showRecord(r); err != nil {
		return err
	}
	for _, role := range modelstore.ChosenRoles() {
		if slices.Contains(r.Uses, string(role)) {
			s.Remark("To use it: albert-search model use --%s %s", role, r.Name)
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

// pullOptions are the flags of pull.
type pullOptions struct {
	folderOptions
	Endpoint string
}

func (o *pullOptions) Flags() []cli.Flag {
	o.Endpoint = modelstore.DefaultHub
	return cli.Join([]cli.Flag{
		{Name: "endpoint", Env: EndpointVariable, Setting: cli.Unconfigured, Usage: "download from the server at `URL`", To: cli.String(&o.Endpoint)},
	}, o.flags("the last part of its name on the hub"), []cli.Flag{precisionFlag(&o.Precision)})
}

func pullCommand() *cli.Command {
	o := &pullOptions{}
	return &cli.Command{
		Name: "pull", Usage: "download a model from the Hugging Face hub, and import it", Args: "NAME[@REVISION]",
		Description: `REVISION is a branch, tag or commit (default: main). What was downloaded when a pull is cut
off is kept: the next one goes on from there. Every file is compared with the checksum that
the hub gives; where a mirror gives none, that is said. Models that need it are pulled with
the token in ` + tokenVariable + `.`,
		Examples: []string{
			`albert-search model pull twmkn9/albert-base-v2-squad2`,
			`albert-search model pull sentence-transformers/paraphrase-albert-small-v2@main --name albert-small`,
			`albert-search model pull albert/albert-base-v2 --endpoint https://mirror.example.com`,
		},
		Options: o,
		Run:     func(ctx context.Context, c *cli.Call) error { return pull(ctx, c, o) },
	}
}

func pull(ctx context.Context, c *cli.Call, o *pullOptions) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	if len(c.Args) != 1 {
		return c.Usagef("name one model, as albert/albert-base-v2")
	}
	name, revision, ok := strings.Cut(c.Args[0], "@")
	if !ok {
		revision = "main"
	}
	if !modelstore.ValidHubName(name) || revision == "" {
		return c.Usagef("%q is not NAME or NAME@REVISION, as albert/albert-base-v2@main", c.Args[0])
	}
	local := o.Name
	if local == "" {
		local = localName(path.Base(name))
	}
	if err := modelstore.CheckName(local); err != nil {
		return err
	}
	i := &importing{s, &o.importOptions, o.Precision}
	if err := i.checkPull(); err != nil {
		return err
	}
	remote, err := modelstore.Hub{Address: o.Endpoint, Token: os.Getenv(tokenVariable)}.Find(ctx, name, revision)
	if err != nil {
		return err
	}
	if done, err := i.pulledBefore(local, remote); done || err != nil {
		return err
	}
	bar := s.Bytes("")
	download, err := s.store.Download(ctx, remote, func(done, total int64, file string) {
		bar.Describe(term.OneLine(remote.Name + ": " + file))
		bar.Set(done, total)
	})
	bar.Done()
	if err != nil {
		return err
	}
	return i.run(modelstore.ImportOptions{Name: local}, func(o modelstore.ImportOptions) (*modelstore.Record, error) {
		r, err := download.Import(ctx, o)
		return r, about(remote.Name, err)
	})
}

// checkPull finds what would keep a model from being imported after it has been
// downloaded.
func (i *importing) checkPull() error {
	var o modelstore.ImportOptions
	if err := i.add(&o); err != nil {
		return err
	}
	if o.Precision == albert.Int8 && !o.NoSamples {
		_, err := ort.Find(i.options.Find())
		return err
	}
	return nil
}

// pulledBefore says what there is under the name already, and whether that is
// what is to be pulled.
func (i *importing) pulledBefore(local string, remote *modelstore.Remote) (done bool, err error) {
	r, err := i.store.Get(local)
	if errors.Is(err, modelstore.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.Source == remote.Name && r.Revision == remote.Revision && r.Precision == string(i.precision) {
		i.Remark("%s is there already, at the same revision.", local)
		return true, i.showRecord(r)
	}
	return false, fmt.Errorf("%w: %q, from %s; albert-search model remove %s removes it, or give this one another name with --name",
		modelstore.ErrExists, local, strings.TrimSpace(r.Source+" "+r.Revision), local)
}

// quantizeOptions are the flags of quantize.
type quantizeOptions struct{ importOptions }

func (o *quantizeOptions) Flags() []cli.Flag { return o.flags("NAME-int8") }

func quantizeCommand() *cli.Command {
	o := &quantizeOptions{}
	return &cli.Command{
		Name: "quantize", Usage: "make an int8 model of one that was imported in fp32", Args: "NAME",
		Description: `The new model is called NAME-int8, unless --name says otherwise. The other stays.`,
		Examples: []string{
			`albert-search model quantize mine`,
			`albert-search model quantize mine --samples passages.txt --name mine-small`,
		},
		Options: o,
		Run: func(ctx context.Context, c *cli.Call) error {
			s, name, err := openNamed(c)
			if err != nil {
				return err
			}
			i := importing{s, &o.importOptions, precision(albert.Int8.String())}
			to := modelstore.ImportOptions{Name: cmp.Or(o.Name, name+"-int8")}
			return i.run(to, func(to modelstore.ImportOptions) (*modelstore.Record, error) {
				return s.store.Quantize(ctx, name, to)
			})
		},
	}
}
