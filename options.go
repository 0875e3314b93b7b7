package albertsearch

import (
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/internal/errkind"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// Options configure an Engine. The zero value of each field is a sensible
// default, but for Dir or Backend, of which one is needed. Open refuses options
// of which one would have no effect because of another.
type Options struct {
	// Dir is the folder of the index, or its address by one of Schemes. Index makes
	// it.
	Dir string
	// Schemes open what is not a folder.
	Schemes index.Schemes
	// Backend is where the index is, instead of Dir. Close does not close it.
	Backend index.Backend
	// Languages are those that texts are analysed in for keywords, as package
	// analysis names them; texts of other languages are analysed in the first. They
	// are fixed when the index is made. None stands for analysis.Default.
	Languages []string
	// Formats are those that IndexPaths reads, and those by whose versions Status tells
	// which documents an older program has read; nil stands for those of package
	// formats. Containers are the kinds of file with members, likewise. Sources of
	// an IndexRequest have their own.
	Formats    []extract.Format
	Containers []extract.Container
	// LanguageDetector tells the language of documents that do not declare it,
	// and of passages that are in another; nil leaves it unknown. Only Index asks.
	LanguageDetector extract.LanguageDetector
	// WriteTimeout bounds one write to an index in Dir, plus the time that its
	// size takes; after it the disk is considered hung. 0 means 5 minutes.
	WriteTimeout time.Duration

	// ONNXRuntime is the path of the ONNX Runtime library. When empty it is
	// looked for beside the program, in the cache folder and by the system.
	ONNXRuntime string
	// Threads is the number of CPU threads the models use; 0 means all.
	Threads int

	// Models replace the built-in models by others in Hugging Face layout. Those of
	// roles that nothing uses yet are refused.
	Models Models
	// Embedder is used instead of any embedding model. Close does not close it.
	Embedder embed.Embedder
	// Reader is used instead of any reading model and brings its own
	// calibrations. Close does not close it.
	Reader *Reader

	// Reranker is used instead of any reranking model and brings its own
	// calibration.
	Reranker *Reranker

	// Calibration overrides the reading model's, for example by one fitted on
	// this collection.
	Calibration *qa.Calibration
	// Threshold is the confidence, 0 to 1, from which an answer is given; 0
	// gives every answer. Nil means the calibration's.
	Threshold *float64
	// Reranking overrides the calibration of the model that reranks.
	Reranking *rerank.Calibration

	// IgnoreFiles leaves it unsaid whether the files of hits and answers have changed
	// since they were indexed (Citation.Changed): for indexes whose files are
	// elsewhere, or are not to be looked at.
	IgnoreFiles bool

	// Logger is told of noteworthy events: indexes that are opened, models that
	// are loaded and how long that took, documents that cannot be read. Nil is
	// silence.
	Logger *slog.Logger
}

func (o Options) formats() []extract.Format {
	if o.Formats != nil {
		return o.Formats
	}
	return formats.All()
}

func (o Options) containers() []extract.Container {
	if o.Containers != nil {
		return o.Containers
	}
	return formats.Containers()
}

// check refuses what makes no sense or would be ignored.
func (o Options) check() error {
	refuse := func(text string) error { return errkind.New(errkind.Usage, text) }
	switch {
	case o.Dir == "" && o.Backend == nil:
		return refuse("neither a folder of the index nor a backend is given")
	case o.Dir != "" && o.Backend != nil:
		return refuse("both a folder of the index and a backend are given")
	case o.Backend != nil && o.WriteTimeout != 0:
		return refuse("a time limit on writing is for an index in a folder, not for a backend")
	case o.WriteTimeout < 0:
		return errkind.Errorf(errkind.Usage, "the time limit on writing is negative: %v", o.WriteTimeout)
	case o.Threads < 0:
		return errkind.Errorf(errkind.Usage, "%d threads", o.Threads)
	case o.Embedder != nil && o.Models[albert.RoleEmbedder] != nil:
		return refuse("both an embedder and a model for it are given")
	case o.Reader != nil && o.Models[albert.RoleReader] != nil:
		return refuse("both a reader and a model for it are given")
	case o.Reranker != nil && o.Models[albert.RoleReranker] != nil:
		return refuse("both a reranker and a model for it are given")
	case o.Reranker != nil && o.Reranking != nil:
		return refuse("a reranker brings its own calibration: give it with it")
	case o.Reader != nil && (o.Calibration != nil || o.Threshold != nil || o.Reranking != nil && o.Models[albert.RoleReranker] == nil):
		return refuse("a reader brings its own calibration, threshold and reranking: give them with it")
	case o.Threshold != nil && !(*o.Threshold >= 0 && *o.Threshold <= 1):
		return errkind.Errorf(errkind.Usage, "the threshold %v is not in 0..1", *o.Threshold)
	}
	for _, r := range slices.Sorted(maps.Keys(o.Models)) {
		if _, used := roleOf(r); used {
			continue
		}
		if _, known := r.Info(); !known {
			return errkind.Errorf(errkind.Usage, "%q is no role of a model", r)
		}
		return errkind.Errorf(errkind.Usage, "a model is given for the role of a %s, which nothing uses yet", r)
	}
	return nil
}
