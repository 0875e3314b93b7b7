package modelcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// The environment variables of the hub, as its own programs read them.
const (
	EndpointVariable = "HF_ENDPOINT"
	tokenVariable    = "HF_TOKEN"
)

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
