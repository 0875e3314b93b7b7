#!/usr/bin/env python3
"""Compares the ways in which ONNX Runtime can multiply by int8 weights, one
linear map at a time: milliseconds on one thread (median) and error relative to
fp32. docs/inference.md quotes it.

Needs numpy, onnx, onnxruntime:

    python albert/testdata/gen/int8_operators.py
"""
import statistics
import time

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"
node = helper.make_node


def session(nodes, constants):
    graph = helper.make_graph(
        nodes, "map",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", "L", "K"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
    model = helper.make_model(graph, ir_version=9, opset_imports=[
        helper.make_opsetid("", 20), helper.make_opsetid(CONTRIB, 1)])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model.SerializeToString(), options)


def forms(w, bias, static_step):
    k, n = w.shape
    scale = (np.abs(w).max(0) / 127).astype(np.float32)
    q = np.round(w / scale).astype(np.int8)
    common = {"w": q, "s": scale, "b": bias}
    yield "fp32", session(
        [node("MatMul", ["x", "w"], ["t"]), node("Add", ["t", "b"], ["y"])], {"w": w, "b": bias})
    yield "scale of the whole tensor (DynamicQuantizeMatMul)", session(
        [node("DynamicQuantizeMatMul", ["x", "w", "s", "", "b"], ["y"], domain=CONTRIB)], common)
    yield "fixed scale (QuantizeLinear, MatMulIntegerToFloat)", session(
        [node("QuantizeLinear", ["x", "a", "z"], ["q"]),
         node("MatMulIntegerToFloat", ["q", "w", "a", "s", "z", "", "b"], ["y"], domain=CONTRIB)],
        common | {"a": np.float32(static_step), "z": np.uint8(128)})
    yield "scale of each row (this project)", session(
        [node("Abs", ["x"], ["abs"]), node("ReduceMax", ["abs", "last"], ["span"], keepdims=1),
         node("Div", ["x", "span"], ["d"]), node("QuantizeLinear", ["d", "a", "z"], ["q"]),
         node("MatMulIntegerToFloat", ["q", "w", "a", "s", "z"], ["t"], domain=CONTRIB),
         node("Mul", ["t", "span"], ["u"]), node("Add", ["u", "b"], ["y"])],
        common | {"a": np.float32(1 / 127), "z": np.uint8(128), "last": np.array([-1])})
    yield "fixed scale, signed input (S8S8)", session(
        [node("QuantizeLinear", ["x", "a", "z"], ["q"]),
         node("MatMulIntegerToFloat", ["q", "w", "a", "s", "z", "", "b"], ["y"], domain=CONTRIB)],
        common | {"a": np.float32(static_step), "z": np.int8(0)})
    for block in (32, 128):
        blocks = k // block
        yield f"MatMulNBits, 8 bits, blocks of {block}", session(
            [node("MatMulNBits", ["x", "w", "s", "", "", "b"], ["y"], domain=CONTRIB,
                  K=k, N=n, bits=8, block_size=block, accuracy_level=4)],
            {"w": (q.T.astype(np.int16) + 128).astype(np.uint8).reshape(n, blocks, block),
             "s": np.repeat(scale[:, None], blocks, 1).reshape(-1), "b": bias})


def main():
    random = np.random.default_rng(0)
    for k, n in ((384, 1152), (384, 384), (384, 1536), (1536, 384)):
        w = random.standard_normal((k, n)).astype(np.float32) * 0.05
        bias = random.standard_normal(n).astype(np.float32) * 0.1
        x = random.standard_normal((8, 200, k)).astype(np.float32)
        exact = x @ w + bias
        candidates = dict(forms(w, bias, np.abs(x).max() / 127))
        times = {name: [] for name in candidates}
        for _ in range(11):
            for name, s in candidates.items():
                start = time.perf_counter()
                y = s.run(None, {"x": x})[0]
                times[name].append(1000 * (time.perf_counter() - start))
        print(f"[1600, {k}] x [{k}, {n}]")
        for name, s in candidates.items():
            error = np.linalg.norm(s.run(None, {"x": x})[0] - exact) / np.linalg.norm(exact)
            print(f"  {statistics.median(times[name]):7.2f} ms  error {error:.4f}  {name}")


if __name__ == "__main__":
    main()
