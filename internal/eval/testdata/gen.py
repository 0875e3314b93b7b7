"""Writes squad.json, trec.json, confidence.json and paired.json: random
predictions, rankings, confidences and pairs with the figures that the reference
implementations give them.

    pip install --no-deps allennlp==0.9.0
    pip install transformers==4.46.3 pytrec_eval-terrier==0.5.11
    pip install scikit-learn==1.9.1 scipy==1.17.1
    python gen.py [squad] [trec] [confidence] [paired]

squad.json: the official evaluation scripts of SQuAD 1.1, of which allennlp
carries a copy, and of SQuAD 2.0, as in transformers' squad_metrics. trec.json:
trec_eval through pytrec_eval. confidence.json: scikit-learn, and for what it
lacks the definitions written out. paired.json: scipy's permutation_test and
bootstrap. Without names all are written.
"""

import importlib.util
import json
import os
import random
import sys
from types import SimpleNamespace

import numpy
import pytrec_eval
import scipy.stats
import sklearn.metrics
from transformers.data.metrics.squad_metrics import normalize_answer, squad_evaluate

HERE = os.path.dirname(os.path.abspath(__file__))
rnd = random.Random(20)

WORDS = """the a an The AN of in and Paris Obama Barack U.S. 1,000 5 million $3.50 20% war World War II
naïve café Ünïcode ÉCOLE İstanbul ΟΔΟΣ ΣΑΣ Straße ẞ 東京 大学 don't rock-n-roll a–b the–end "the" (a) [an]
theatre another banana AN. A. the, _a_ x\u00a0the\u2003a ١٢ ½ a½ Ⅷ é́ e\u0301 the\u0301 \u200b a\x1cthe
C++ C# .NET co-op & @ ' ` ~ … — „the“ «a» Dž ﬁ 𝐀 🙂 🙂the""".split(" ")
WORDS = [w for part in WORDS for w in part.split("\n") if w]


def text(lo, hi):
    return " ".join(rnd.choice(WORDS) for _ in range(rnd.randint(lo, hi)))


def perturb(s):
    w = s.split(" ")
    for _ in range(rnd.randint(0, 3)):
        op = rnd.random()
        if op < 0.3 and w:
            w.pop(rnd.randrange(len(w)))
        elif op < 0.6:
            w.insert(rnd.randint(0, len(w)), rnd.choice(WORDS))
        elif op < 0.8 and w:
            i = rnd.randrange(len(w))
            w[i] = w[i].swapcase()
        else:
            rnd.shuffle(w)
    return " ".join(w)


def squad():
    normalized = [(s, normalize_answer(s)) for s in WORDS + [text(0, 6) for _ in range(300)] + ["", " ", "the", "A a. an"]]
    questions, predictions, no_answer = [], {}, {}
    for i in range(400):
        qid = f"q{i}"
        gold = [] if rnd.random() < 0.35 else [text(0 if rnd.random() < 0.05 else 1, 5) for _ in range(rnd.randint(1, 4))]
        questions.append({"id": qid, "answers": gold})
        if gold and rnd.random() < 0.8:
            predictions[qid] = perturb(rnd.choice(gold))
        else:
            predictions[qid] = "" if rnd.random() < 0.4 else text(1, 4)
        # Coarse, so that there are ties.
        no_answer[qid] = round(rnd.betavariate(2, 3) if gold else rnd.betavariate(3, 2), 2)
    examples = [
        SimpleNamespace(qas_id=q["id"], answers=[{"text": t} for t in q["answers"]], is_impossible=not q["answers"])
        for q in questions
    ]
    v2 = {}
    for threshold in (1.0, 0.5):
        for e in examples:
            # squad_evaluate takes bool(answers) for "has an answer".
            assert bool(e.answers) != e.is_impossible
        v2[str(threshold)] = squad_evaluate(examples, predictions, no_answer, threshold)
    return {
        "normalized": normalized,
        "questions": questions,
        "predictions": predictions,
        "no_answer": no_answer,
        "v2": v2,
        # 1.1 counts a missing prediction as wrong; 2.0 fails on it.
        "v1": squad1(questions, {k: v for k, v in predictions.items() if not k.endswith("7")}),
    }


def squad1(questions, predictions):
    """The official script knows only questions that have an answer."""
    path = importlib.util.find_spec("allennlp").submodule_search_locations[0] + "/tools/squad_eval.py"
    spec = importlib.util.spec_from_file_location("squad_eval", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    qas = [{"id": q["id"], "answers": [{"text": t} for t in q["answers"]]} for q in questions if q["answers"]]
    return script.evaluate([{"paragraphs": [{"qas": qas}]}], predictions)


def trec():
    cases = []
    docs = [f"d{i}" for i in range(60)]
    for kind in range(60):
        judged = rnd.sample(docs, rnd.randint(1, 30))
        grades = [0, 1] if kind % 3 == 0 else [0, 0, 1, 2, 3] if kind % 3 == 1 else [-1, 0, 1, 2]
        qrels = {d: rnd.choice(grades) for d in judged}
        ranking = rnd.sample(docs, rnd.choice([1, 3, 10, 40, 60]))
        run = {d: float(len(ranking) - i) for i, d in enumerate(ranking)}
        evaluator = pytrec_eval.RelevanceEvaluator(
            {"q": qrels}, {"ndcg_cut.1,3,10,100", "recall.5,10,100", "map", "recip_rank", "success.1,5,10"})
        cases.append({"qrels": qrels, "ranking": ranking, "measures": evaluator.evaluate({"q": run})["q"]})
    return cases


def confidence():
    cases = []
    for n in (5, 40, 300, 1000):
        # Coarse in some, so that there are ties; on the borders of the bins, too.
        digits = 1 if n == 40 else 2 if n == 300 else 6
        scores = [round(rnd.random(), digits) for _ in range(n)]
        right = [rnd.random() < 0.1 + 0.8 * s for s in scores]
        if n == 5:
            right = [True, False, True, False, True]
        cases.append({"scores": scores, "right": right, "measures": judge(scores, right)})
    return cases


def judge(scores, right):
    s, r = numpy.array(scores), numpy.array(right, dtype=float)
    # Of equal confidence the wrong ones come first.
    order = sorted(range(len(s)), key=lambda i: (-s[i], r[i]))
    risk = [(1 - r[order[: i + 1]]).mean() for i in range(len(order))]
    ece = 0.0
    edges = [i / 10 for i in range(11)]
    for i in range(10):
        inside = (s >= edges[i]) & ((s < edges[i + 1]) if i < 9 else (s <= 1))
        if inside.any():
            ece += inside.mean() * abs(s[inside].mean() - r[inside].mean())
    coverage = {}
    precision, recall, thresholds = sklearn.metrics.precision_recall_curve(right, scores)
    for at in (0.8, 0.9):
        fitting = [(s >= t).mean() for p, t in zip(precision, thresholds) if p >= at - 1e-12]
        coverage[str(at)] = max(fitting, default=0.0)
    return {
        "auc": sklearn.metrics.roc_auc_score(right, scores),
        "brier": sklearn.metrics.brier_score_loss(right, scores),
        "aurc": float(numpy.mean(risk)),
        "ece": float(ece),
        "coverage_at_0.8": float(coverage["0.8"]),
        "coverage_at_0.9": float(coverage["0.9"]),
    }


def paired():
    cases = []
    for n, shift in ((2, 0.3), (6, 0.3), (11, 0.1), (12, 0.0), (40, 0.08), (200, 0.03), (300, 0.0)):
        before = [round(rnd.random(), 3) for _ in range(n)]
        now = [b if rnd.random() < 0.2 else round(min(1, max(0, b + rnd.gauss(shift, 0.2))), 3) for b in before]
        d = numpy.array(now) - numpy.array(before)
        # Exact up to 2^12 assignments; numpy's sum may differ from ours by rounding.
        test = scipy.stats.permutation_test(
            (d,), lambda x, axis: numpy.round(x.mean(axis=axis), 12), permutation_type="samples", vectorized=True,
            n_resamples=10_000 if n <= 12 else 200_000, alternative="two-sided", rng=numpy.random.default_rng(7))
        interval = scipy.stats.bootstrap(
            (d,), numpy.mean, n_resamples=100_000, method="percentile", rng=numpy.random.default_rng(8), batch=1000
        ).confidence_interval
        cases.append({"before": before, "now": now, "p": float(test.pvalue), "exact": n <= 12,
                      "difference": float(d.mean()), "low": float(interval.low), "high": float(interval.high)})
    return cases


def write(name, value):
    with open(os.path.join(HERE, name + ".json"), "w", encoding="utf8") as f:
        json.dump(value, f, ensure_ascii=False, indent=None, separators=(",", ":"), sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    for number, make in enumerate((squad, trec, confidence, paired)):
        if len(sys.argv) == 1 or make.__name__ in sys.argv[1:]:
            if number > 1:  # those before it have always been made in one go
                rnd.seed(20 + number)
            write(make.__name__, make())
