"""Writes squad.json and trec.json: random predictions and rankings with the
figures that the reference implementations give them.

    pip install --no-deps allennlp==0.9.0
    pip install transformers==4.46.3 pytrec_eval-terrier==0.5.11
    python gen.py

squad.json: the official evaluation scripts of SQuAD 1.1, of which allennlp
carries a copy, and of SQuAD 2.0, as in transformers' squad_metrics. trec.json:
trec_eval through pytrec_eval.
"""

import importlib.util
import json
import os
import random
from types import SimpleNamespace

import pytrec_eval
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


def write(name, value):
    with open(os.path.join(HERE, name), "w", encoding="utf8") as f:
        json.dump(value, f, ensure_ascii=False, indent=None, separators=(",", ":"), sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    write("squad.json", squad())
    write("trec.json", trec())
