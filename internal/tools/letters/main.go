// Command letters writes the statistics of letters that package charset tells
// encodings by. They are computed from the models of lingua-go (Apache-2.0),
// which counted the letters of newspapers and web pages.
//
//	go run . -out FILE
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pemistahl/lingua-go/serialization"
	"google.golang.org/protobuf/proto"
)

const module = "github.com/pemistahl/lingua-go"

const latin = "abcdefghijklmnopqrstuvwxyz"

// alphabets have the letters of each language. What the statistics have beside
// them is left out: their texts hold words of other languages, and some that
// were decoded wrongly, which is what is to be recognised.
var alphabets = []struct{ language, letters string }{
	{"en", latin + "éèêëïôçñöüàâîæœ"},
	{"fr", latin + "àâæçéèêëîïôœùûüÿ"},
	{"de", latin + "äöüßéà"},
	{"es", latin + "áéíñóúüç"},
	{"pt", latin + "ãõáéíóúâêôàçü"},
	{"it", latin + "àèéìíîòóùú"},
	{"nl", latin + "ëïéèêöüáóç"},
	{"sv", latin + "åäöéàü"},
	{"da", latin + "æøåéöäü"},
	{"nb", latin + "æøåéòôóèêà"},
	{"fi", latin + "äöåšžé"},
	{"is", latin + "áéíóúýþæöð"},
	{"ca", latin + "àçèéíïòóúü"},
	{"ga", latin + "áéíóúḃċḋḟġṁṗṡṫ"},
	{"cy", latin + "âêîôûŵŷäëïöüáéíóúàèìòù"},
	{"sq", latin + "ëç"},
	{"eo", latin + "ĉĝĥĵŝŭ"},
	{"pl", latin + "ąćęłńóśźż"},
	{"cs", latin + "áčďéěíňóřšťúůýž"},
	{"sk", latin + "áäčďéíĺľňóôŕšťúýž"},
	{"hu", latin + "áéíóöőúüű"},
	{"sl", latin + "čšžćđ"},
	{"hr", latin + "čćđšž"},
	{"ro", latin + "ăâîşţ"},
	{"lt", latin + "ąčęėįšųūž"},
	{"lv", latin + "āčēģīķļņšūžŗō"},
	{"et", latin + "äõöüšž"},
	{"tr", latin + "çğıöşüâîû"},
	{"vi", latin + "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"},
	{"ru", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"},
	{"uk", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"},
	{"be", "абвгдеёжзійклмнопрстуўфхцчшыьэюя"},
	{"bg", "абвгдежзийклмнопрстуфхцчшщъьюяѝ"},
	{"sr", "абвгдђежзијклљмнњопрстћуфхцчџш"},
	{"mk", "абвгдѓежзѕијклљмнњопрстќуфхцчџш"},
	{"kk", "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"},
	{"el", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"},
	{"he", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"},
	{"ar", "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي"},
	{"fa", "ءآأؤئابپتثجچحخدذرزژسشصضطظعغفقکكگلمنهویي"},
	{"ur", "ءآأؤئابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھیے"},
	{"th", "กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรฤลวศษสหฬอฮะาำเแโใไๆฯๅ"},
}

// characters are languages of which the characters are counted, and not which
// follows which; and how many of the most frequent are kept.
var characters = []struct {
	language string
	kept     int
}{{"ja", 3000}, {"zh", 5600}, {"ko", 1700}}

// alias gives letters the place of another that is written for them.
var alias = map[rune]rune{'ș': 'ş', 'ț': 'ţ'}

func main() {
	out := flag.String("out", "", "`FILE` to write")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "letters:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return err
	}
	models := filepath.Join(strings.TrimSpace(string(dir)), "language-models")
	var raw bytes.Buffer
	for _, a := range alphabets {
		if err := writeBigrams(&raw, models, a.language, a.letters); err != nil {
			return fmt.Errorf("%s: %w", a.language, err)
		}
	}
	raw.WriteByte(0)
	for _, c := range characters {
		if err := writeCharacters(&raw, models, c.language, c.kept); err != nil {
			return fmt.Errorf("%s: %w", c.language, err)
		}
	}
	raw.WriteByte(0)
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return err
	}
	w.Write(raw.Bytes())
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(out, packed.Bytes(), 0o644)
}

// cost is the improbability of something in quarters of a nat.
func cost(p float64) byte {
	const most = 60
	if p <= 0 {
		return most
	}
	return byte(min(most, math.Round(-4*math.Log(p))))
}

// writeBigrams writes the name, the letters, the cost of each letter at the
// start of a word and of each after each.
func writeBigrams(w *bytes.Buffer, models, language, letters string) error {
	uni, err := load(models, language, "unigrams")
	if err != nil {
		return err
	}
	// Of languages that have their script to themselves there are no pairs.
	bi, err := load(models, language, "bigrams")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	alphabet := []rune(letters)
	slices.Sort(alphabet)
	n := len(alphabet)
	at := map[rune]int{}
	for i, r := range alphabet {
		at[r] = i
	}
	index := func(r rune) int {
		if a, ok := alias[r]; ok {
			r = a
		}
		if i, ok := at[r]; ok {
			return i
		}
		return -1
	}
	single, total := make([]float64, n), 0.0
	for s, p := range uni {
		if i := index([]rune(s)[0]); i >= 0 {
			single[i] += p
			total += p
		}
	}
	for i := range single {
		single[i] = single[i]/total + 1e-6
	}
	pair := make([]float64, n*n)
	for s, p := range bi {
		r := []rune(s)
		if i, j := index(r[0]), index(r[1]); i >= 0 && j >= 0 {
			pair[i*n+j] += p * uni[string(r[0])] // as often as that pair
		}
	}
	writeString(w, language)
	writeString(w, string(alphabet))
	for _, p := range single {
		w.WriteByte(cost(p))
	}
	for i := range n {
		sum := 0.0
		for j := range n {
			sum += pair[i*n+j]
		}
		for j := range n {
			p := single[j]
			if sum > 0 {
				p = .98*pair[i*n+j]/sum + .02*single[j]
			}
			w.WriteByte(cost(p))
		}
	}
	return nil
}

// writeCharacters writes the name, and the most frequent characters by their
// cost, rising from the first.
func writeCharacters(w *bytes.Buffer, models, language string, kept int) error {
	uni, err := load(models, language, "unigrams")
	if err != nil {
		return err
	}
	byCost := map[byte][]rune{}
	all := make([]string, 0, len(uni))
	for s := range uni {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b string) int {
		if uni[a] != uni[b] {
			if uni[a] > uni[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, s := range all[:min(kept, len(all))] {
		c := cost(uni[s])
		byCost[c] = append(byCost[c], []rune(s)[0])
	}
	writeString(w, language)
	for c := range byte(64) {
		if runes := byCost[c]; len(runes) > 0 {
			slices.Sort(runes)
			w.WriteByte(c)
			writeString(w, string(runes))
		}
	}
	w.WriteByte(255)
	return nil
}

func writeString(w *bytes.Buffer, s string) {
	w.Write(binary.AppendUvarint(nil, uint64(len(s))))
	w.WriteString(s)
}

// load returns the probabilities of a model; that of a pair is that of its
// second letter after its first.
func load(models, language, kind string) (map[string]float64, error) {
	z, err := zip.OpenReader(filepath.Join(models, language, kind+".pb.bin.zip"))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	f, err := z.File[0].Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	var m serialization.SerializableLanguageModel
	if err := proto.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for _, s := range m.NgramSets {
		for _, g := range s.Ngrams {
			out[g] = s.Probability
		}
	}
	return out, nil
}
