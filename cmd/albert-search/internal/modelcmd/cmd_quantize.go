package modelcmd

import (
	"cmp"
	"context"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

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
