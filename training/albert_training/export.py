"""Stage export: the models in Hugging Face layout.

One group a pass, so that transformers loads them; what is shared has the same
bytes in several groups. AlbertModel reads the embedder, AlbertForQuestionAnswering
and AlbertForSequenceClassification the reader: the relevance head (label 1:
the passage answers the question) is on the same encoder."""

import argparse
import json
import shutil
import sys
from pathlib import Path

import torch

from . import text
from .model import Config, Reader

# The largest difference from transformers in fp32 that --check lets pass.
LARGEST = 1e-4
TOKENIZER = ("vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def config_json(c: Config, architecture):
    return dict(
        architectures=[architecture], model_type="albert", vocab_size=c.vocabulary, embedding_size=c.embedding, hidden_size=c.hidden,
        num_hidden_layers=c.passes, num_hidden_groups=c.passes, inner_group_num=1, num_attention_heads=c.heads,
        intermediate_size=c.intermediate, hidden_act="gelu", max_position_embeddings=c.positions, type_vocab_size=2,
        layer_norm_eps=1e-12, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, classifier_dropout_prob=0.0,
        initializer_range=0.02, position_embedding_type="absolute", pad_token_id=0, bos_token_id=101, eos_token_id=102, dtype="float16",
    )  # fmt: skip


def tensors(state, c: Config, prefix=""):
    """Our state to transformers' names. state is that of Albert."""
    e = prefix + "embeddings."
    out = {
        e + "word_embeddings.weight": state["word"],
        e + "position_embeddings.weight": state["position"],
        e + "token_type_embeddings.weight": state["kind"],
        e + "LayerNorm.weight": state["norm_w"],
        e + "LayerNorm.bias": state["norm_b"],
        prefix + "encoder.embedding_hidden_mapping_in.weight": state["map_w"],
        prefix + "encoder.embedding_hidden_mapping_in.bias": state["map_b"],
    }
    h = c.hidden
    for p in range(c.passes):
        a, f = c.attention[p], c.ffn[p]
        l = f"{prefix}encoder.albert_layer_groups.{p}.albert_layers.0."
        for i, n in enumerate(("query", "key", "value")):
            out[f"{l}attention.{n}.weight"] = state[f"qkv.{a}"][i * h : (i + 1) * h]
            out[f"{l}attention.{n}.bias"] = state["qkv_b"][p, i * h : (i + 1) * h]
        out[l + "attention.dense.weight"], out[l + "attention.dense.bias"] = state[f"out.{a}"], state["out_b"][p]
        out[l + "attention.LayerNorm.weight"], out[l + "attention.LayerNorm.bias"] = state["norm1_w"][p], state["norm1_b"][p]
        out[l + "ffn.weight"], out[l + "ffn.bias"] = state[f"up.{f}"], state["up_b"][p]
        out[l + "ffn_output.weight"], out[l + "ffn_output.bias"] = state[f"down.{f}"], state["down_b"][p]
        out[l + "full_layer_layer_norm.weight"], out[l + "full_layer_layer_norm.bias"] = state["norm2_w"][p], state["norm2_b"][p]
    return out


def named(state, c, kind):
    """All tensors of a model, the state's own or parts of them, by their names in transformers."""
    if kind == "embedder":
        return tensors(state, c)
    enc = {k.removeprefix("encoder."): v for k, v in state.items() if k.startswith("encoder.")}
    return tensors(enc, c, "albert.") | {
        "qa_outputs.weight": state["span.weight"], "qa_outputs.bias": state["span.bias"],
        "albert.pooler.weight": state["pooler.weight"], "albert.pooler.bias": state["pooler.bias"],
        "classifier.weight": state["relevance.weight"], "classifier.bias": state["relevance.bias"],
    }  # fmt: skip


def write(folder, state, c, kind, dtype=torch.float16):
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    t = named(state, c, kind)
    architecture = "AlbertModel" if kind == "embedder" else "AlbertForQuestionAnswering"
    save_file({k: v.to(dtype).clone().contiguous() for k, v in t.items()}, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config_json(c, architecture), indent=2) + "\n")
    for f in TOKENIZER:
        shutil.copy(text.teacher_dir() / f, folder)


def main(argv):
    p = argparse.ArgumentParser(prog="export", description=__doc__)
    p.add_argument("--work", default="build/work", help="folder with embedder.pt and reader.pt")
    p.add_argument("--out", default="build/models")
    p.add_argument("--check", action="store_true", help="compare with transformers, in fp32")
    a = p.parse_args(argv)
    for kind in ("embedder", "reader"):
        file = Path(a.work) / f"{kind}.pt"
        if not file.exists():
            continue
        saved = torch.load(file, map_location="cpu", weights_only=False)
        c, state = Config(**saved["config"]), {k: v.half().float() for k, v in saved["state"].items()}
        if kind == "reader":
            # What it has in common with the embedder may have been left out.
            e = torch.load(Path(a.work) / "embedder.pt", map_location="cpu", weights_only=False)["state"]
            for name, v in e.items():
                state.setdefault("encoder." + name, v.half().float())
            state = {k: v for k, v in state.items() if k in Reader(c).state_dict()}
        out = Path(a.out) / kind
        write(out, state, c, kind)
        print(out, (out / "model.safetensors").stat().st_size)
        if a.check and (off := check(out, state, c, kind)) > LARGEST:
            print(f"{out}: transformers gives numbers that differ by {off:.1e}", file=sys.stderr)
            return 1


@torch.no_grad()
def check(folder, state, c, kind):
    """The largest difference of what transformers gives from what the state does."""
    from transformers import AlbertForQuestionAnswering, AlbertForSequenceClassification, AlbertModel

    torch.manual_seed(1)
    ids, types = torch.randint(1000, c.vocabulary, (4, 100)), torch.zeros(4, 100, dtype=torch.long)
    types[:, 30:] = 1
    r = Reader(c).eval()
    if kind == "embedder":
        r.encoder.load_state_dict(state)
        want = [r.encoder(ids, types, dtype=torch.float32)]
        got = [AlbertModel.from_pretrained(folder, dtype=torch.float32).eval()(ids, token_type_ids=types).last_hidden_state]
    else:
        r.load_state_dict(state)
        spans, rel = r(ids, types, dtype=torch.float32)
        want = [spans[..., 0], spans[..., 1], rel]
        qa = AlbertForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()(ids, token_type_ids=types)
        cl = AlbertForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()(ids, token_type_ids=types).logits
        got = [qa.start_logits, qa.end_logits, cl[:, 1] - cl[:, 0]]
    off = [(w - g).abs().max().item() for w, g in zip(want, got)]
    for w, d in zip(want, off):
        print(f"{kind}: largest difference from transformers {d:.2e} of {w.abs().max():.2f}")
    return max(off)
