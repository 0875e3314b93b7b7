package tokenize

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// pieceKind says how a token of a SentencePiece model is used.
type pieceKind uint8

// The kinds, numbered as in sentencepiece_model.proto.
const (
	normalPiece pieceKind = iota + 1
	unknownPiece
	controlPiece
	userPiece
	unusedPiece
	bytePiece
)

type piece struct {
	text  string
	score float32
	kind  pieceKind
}

// pieceModel is a SentencePiece model: spiece.model, a protobuf message.
type pieceModel struct {
	pieces        []piece
	byteFallback  bool // characters the model lacks become their UTF-8 bytes
	spaceAsSuffix bool
	charsmap      []byte // replacements, compiled
	dummyPrefix   bool   // put a space before the text
	mergeSpaces   bool   // remove leading and trailing spaces, merge the others
	escapeSpaces  bool   // write a space as U+2581
}

const unigramType = 1 // TrainerSpec.ModelType

// parsePieceModel reads a spiece.model. Field numbers are those of
// sentencepiece_model.proto.
func parsePieceModel(b []byte) (pieceModel, error) {
	m := pieceModel{dummyPrefix: true, mergeSpaces: true, escapeSpaces: true}
	err := eachField(b, func(number protowire.Number, v field) error {
		switch number {
		case 1:
			p := piece{kind: normalPiece}
			err := eachField(v.bytes, func(number protowire.Number, v field) error {
				switch number {
				case 1:
					p.text = string(v.bytes)
				case 2:
					p.score = math.Float32frombits(uint32(v.number))
				case 3:
					p.kind = pieceKind(min(v.number, math.MaxUint8))
				}
				return nil
			})
			m.pieces = append(m.pieces, p)
			return err
		case 2:
			return eachField(v.bytes, func(number protowire.Number, v field) error {
				switch number {
				case 3:
					if v.number != unigramType {
						return fmt.Errorf("%w: SentencePiece model type %d is not unigram", ErrUnsupported, v.number)
					}
				case 24:
					m.spaceAsSuffix = v.number != 0
				case 35:
					m.byteFallback = v.number != 0
				}
				return nil
			})
		case 3:
			return eachField(v.bytes, func(number protowire.Number, v field) error {
				switch number {
				case 2:
					m.charsmap = v.bytes
				case 3:
					m.dummyPrefix = v.number != 0
				case 4:
					m.mergeSpaces = v.number != 0
				case 5:
					m.escapeSpaces = v.number != 0
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	if len(m.pieces) == 0 {
		return m, errors.New("it holds no tokens: is it a SentencePiece model?")
	}
	return m, nil
}

// field is the value of a protobuf field: a number, or for strings and
// messages bytes.
type field struct {
	number uint64
	bytes  []byte
}

// eachField calls f for the fields of a message.
func eachField(b []byte, f func(protowire.Number, field) error) error {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("damaged: %w", protowire.ParseError(n))
		}
		b = b[n:]
		var v field
		switch wire {
		case protowire.VarintType:
			v.number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var x uint32
			x, n = protowire.ConsumeFixed32(b)
			v.number = uint64(x)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, wire, b)
		}
		if n < 0 {
			return fmt.Errorf("damaged: %w", protowire.ParseError(n))
		}
		b = b[n:]
		if err := f(number, v); err != nil {
			return err
		}
	}
	return nil
}
