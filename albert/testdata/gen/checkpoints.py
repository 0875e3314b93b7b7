#!/usr/bin/env python3
"""Writes the checkpoints in albert/testdata/checkpoints, one of each shape that
people bring, and what transformers and sentence-transformers compute with them.

Needs torch, transformers, safetensors, sentencepiece, sentence-transformers.
Run it from the repository's root:

    python albert/testdata/gen/checkpoints.py
"""
import io
import json
import pathlib
import shutil

import sentencepiece
import torch
import transformers
from safetensors.torch import save_file
from transformers import AlbertConfig, BertConfig, BertTokenizer

OUT = pathlib.Path("albert/testdata/checkpoints")
PROSE = """The lighthouse keeper counts ships at night. Ships carry coal and salt to the harbour.
A bridge of stone crosses the river near the old mill. The mill grinds wheat in the autumn.
Who keeps the light? How many ships came to the harbour? Where does the river cross the town?
Bread is baked from wheat, water and salt. The council paid for the bridge in the spring."""
# texts alone, and pairs
TEXTS = [
    ("The lighthouse keeper counts ships.", None), ("salt", None),
    ("Bread, water & coal in the old town of Xq", None),
    ("Who keeps the light?", "The lighthouse keeper keeps the light at night."),
    ("How many ships?", "Ships carry coal."),
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def word_pieces():
    words = sorted({w.strip(".,?").lower() for w in PROSE.split()})
    letters = sorted(set("".join(words)))
    return SPECIAL + list(".,?") + letters + ["##" + c for c in letters] + words[:40]


def sentence_pieces():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(PROSE.lower().splitlines()), model_writer=model, model_type="unigram",
        vocab_size=80, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        normalization_rule_name="identity", num_threads=1, minloglevel=2, hard_vocab_limit=False)
    return model.getvalue()


def encoder_of_words():
    tokenizer = BertTokenizer(vocab={w: i for i, w in enumerate(word_pieces())})
    def encode(a, b):
        out = tokenizer(a, b)
        return out["input_ids"], out["token_type_ids"]
    return encode


def encoder_of_sentences(model):
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model)
    def encode(a, b):
        first = [2] + pieces.encode(a.lower()) + [3]
        second = pieces.encode(b.lower()) + [3] if b else []
        return first + second, [0] * len(first) + [1] * len(second)
    return encode


def randomize(model):
    """Weights large enough that every part of the model shows in its result."""
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "norm" in name.lower() and name.endswith("weight"):
                p.copy_(1 + 0.2 * torch.randn_like(p))
            elif p.dim() == 2:
                p.copy_(torch.randn_like(p) * (0.8 / p.shape[1] ** 0.5))
            else:
                p.copy_(0.2 * torch.randn_like(p))


def state_of(model):
    """The state dict as transformers saves it: of tied weights the first only."""
    state, seen = {}, set()
    for name, t in model.state_dict().items():
        if t.data_ptr() not in seen:
            state[name] = t.clone()
        seen.add(t.data_ptr())
    return state


def old_names(state):
    """LayerNorm's weights as checkpoints converted from TensorFlow call them."""
    return {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v for k, v in state.items()}


def safetensors(model, folder):
    save_file(state_of(model), folder / "model.safetensors", metadata={"format": "pt"})


def sharded(model, folder):
    model.save_pretrained(folder, max_shard_size="16KB")


def archive(model, folder):
    """One file, some of whose tensors are transposed views of one storage."""
    state = {}
    for name, t in state_of(model).items():
        if name.endswith(("attention.query.weight", "attention.key.weight")):
            together = torch.cat([torch.zeros(3, t.shape[0]), t.T.contiguous()])
            t = together[3:].T  # an offset, and strides the other way round
        state[name] = torch.nn.Parameter(t) if name.endswith("ffn.weight") else t
    state["albert.embeddings.position_ids"] = torch.arange(40).expand((1, -1))
    torch.save(state, folder / "pytorch_model.bin")


def archive_shards(model, folder):
    names = list(state_of(model).items())
    where = {}
    for i, part in enumerate((names[::2], names[1::2])):
        file = f"pytorch_model-{i + 1:05}-of-00002.bin"
        torch.save(dict(part), folder / file)
        where |= {name: file for name, _ in part}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def legacy(model, folder):
    torch.save(old_names(state_of(model)), folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)


# name: class, how it is saved, type of the weights, tokenizer's file
CASES = {
    "base": ("AlbertModel", safetensors, torch.float32, "spiece.model"),
    "pretraining": ("AlbertForPreTraining", archive, torch.float32, "vocab.txt"),
    "masked": ("AlbertForMaskedLM", legacy, torch.float16, "spiece.model"),
    "answers": ("AlbertForQuestionAnswering", sharded, torch.float32, "tokenizer.json"),
    "sequences": ("AlbertForSequenceClassification", archive_shards, torch.bfloat16, "vocab.txt"),
    "tokens": ("AlbertForTokenClassification", safetensors, torch.float16, "tokenizer.json"),
    "bert": ("BertModel", safetensors, torch.float32, "vocab.txt"),
    "bertanswers": ("BertForQuestionAnswering", legacy, torch.float32, "tokenizer.json"),
    "bertclasses": ("BertForSequenceClassification", archive, torch.float32, "vocab.txt"),
}


def config_of(cls, size):
    shape = dict(vocab_size=size, hidden_size=32, num_attention_heads=4, intermediate_size=48, max_position_embeddings=40,
                 pad_token_id=0, num_labels=3 if "TokenC" in cls else 2, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    if cls.startswith("Bert"):
        return BertConfig(num_hidden_layers=2, **shape)
    return AlbertConfig(num_hidden_layers=3, embedding_size=16, inner_group_num=1, num_hidden_groups=1, **shape)


def write_tokenizer(folder, file):
    """Returns the function that encodes texts, and the number of pieces."""
    if file == "spiece.model":
        model = sentence_pieces()
        (folder / file).write_bytes(model)
        return encoder_of_sentences(model), sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size()
    words = word_pieces()
    if file == "vocab.txt":
        (folder / file).write_text("\n".join(words) + "\n")
    else:
        BertTokenizer(vocab={w: i for i, w in enumerate(words)}).save_pretrained(folder)
    return encoder_of_words(), len(words)


def expect(model, encode, path):
    """Writes what the model computes of TEXTS."""
    base = getattr(model, model.base_model_prefix, model)
    expected = {}
    for i, (a, b) in enumerate(TEXTS):
        ids, types = (torch.tensor([v]) for v in encode(a, b))
        with torch.no_grad():
            hidden = base(input_ids=ids, token_type_ids=types).last_hidden_state
            out = model(input_ids=ids, token_type_ids=types)
        expected |= {f"{i}.ids": ids[0].int(), f"{i}.types": types[0].int(), f"{i}.hidden": hidden[0].contiguous()}
        if "start_logits" in out:
            expected |= {f"{i}.start": out.start_logits[0].contiguous(), f"{i}.end": out.end_logits[0].contiguous()}
        elif type(model).__name__.endswith("SequenceClassification"):
            expected[f"{i}.logits"] = out.logits[0].contiguous()
    save_file(expected, path / "expected.safetensors")


def sentence_transformer(folder, pooling, normalize, window):
    """A folder as sentence-transformers saves it."""
    from sentence_transformers import SentenceTransformer, models
    made = folder / "made"
    made.mkdir(parents=True)
    encode, size = write_tokenizer(made, "tokenizer.json")
    model = transformers.AlbertModel(config_of("AlbertModel", size)).eval()
    randomize(model)
    model.save_pretrained(made)
    parts = [models.Transformer(str(made), max_seq_length=window), models.Pooling(32, pooling_mode=pooling)]
    if normalize:
        parts.append(models.Normalize())
    st = SentenceTransformer(modules=parts, device="cpu")
    shutil.rmtree(made)
    st.save(str(folder), create_model_card=False)
    vectors = torch.nn.functional.normalize(torch.tensor(st.encode([a for a, _ in TEXTS])), dim=1)
    save_file({f"{i}.vector": v.contiguous() for i, v in enumerate(vectors)}, folder / "expected.safetensors")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for seed, (name, (cls, save, dtype, tokenizer)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        folder = OUT / name
        folder.mkdir(parents=True)
        encode, size = write_tokenizer(folder, tokenizer)
        config = config_of(cls, size)
        model = getattr(transformers, cls)(config).eval()
        randomize(model)
        model.to(dtype)
        config.architectures, config.dtype = [cls], dtype
        config.save_pretrained(folder)
        save(model, folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        expect(model.float(), encode, folder)
    torch.manual_seed(100)
    sentence_transformer(OUT / "sentencecls", "cls", False, 12)
    sentence_transformer(OUT / "sentencemean", "mean", True, 40)
    (OUT / "texts.json").write_text(json.dumps([[a] if b is None else [a, b] for a, b in TEXTS], indent=1) + "\n")


if __name__ == "__main__":
    main()
