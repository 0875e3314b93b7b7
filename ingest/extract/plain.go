package extract

import "context"

// readPlain reads text, source code and data as they are. Of UTF-8 the Body
// is the file byte by byte without its byte order mark, line ends included;
// of other encodings it is the same lines in UTF-8.
func readPlain(_ context.Context, in input) (*Text, error) {
	d, n, err := readText(in, "")
	if err != nil {
		return nil, err
	}
	return d.document(in.kind.typ, n), nil
}

// readText reads the file as text, up to the limit.
func readText(in input, declared string) (decoded, notes, error) {
	b, err := in.head(in.lim.TextBytes)
	if err != nil {
		return decoded{}, nil, err
	}
	partial := int64(len(b)) < in.size
	d, err := decode(b, declared, partial)
	if err != nil {
		return decoded{}, nil, err
	}
	var n notes
	if d.note != "" {
		n.add("%s", d.note)
	}
	// UTF-16 grows by up to half.
	text := cut(d.text, in.lim.TextBytes)
	if partial || len(text) < len(d.text) {
		n.add("only the first %s of %s were read", bytesText(int64(len(b))), bytesText(in.size))
	}
	d.text = text
	return d, n, nil
}

// document makes a Text whose lines are those of the file.
func (d decoded) document(typ string, n notes) *Text {
	t := &Text{Body: d.text, Type: typ, Lines: true, Note: n.String()}
	if d.charset != "utf-8" {
		t.Metadata = map[string]string{MetaCharset: d.charset}
	}
	return t
}
