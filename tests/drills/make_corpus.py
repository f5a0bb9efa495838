"""`python -m tests.drills.make_corpus`: writes the seeds that the drills of formats change.

What stands beside them under other names are files that once broke the law of `reading`.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from elman import bundle, state
from elman.tasks import Classifier, Forecaster, Regressor
from elman.training import RunFolder
from elman.transforms.text import Steps, Words
from tests.drills.formats import CORPUS, FORMATS, PIECES
from tests.drills.sounds import form_of, wav_of
from tests.runtime.forecasters import (
    bundle_for,
    calibration_for,
    companions_for,
    network_for,
    plan_for,
    shops,
)
from tests.tasks.sequences import TINY, classes, sums
from tests.transforms.text.small import SMALL

ROWS = """id,t,x,z,y
a,2024-01-01,1.5,1,left
a,2024-01-02,2.5,0,left
a,2024-01-03,3.5,1,left
b,2024-01-01,-1,0,right
b,2024-01-02,0.25,1,right
b,2024-01-03,,0,right
"""


def models(folder: Path) -> None:
    """Every task, and each strategy of forecasts."""
    X, y = classes(20)
    Classifier(**TINY).fit(X, y).save(folder / "classifier.model")
    Regressor(**TINY).fit(*sums(20)[:2]).save(folder / "regressor.model")
    panel = shops()
    for strategy in ("direct", "recursive"):
        plan = plan_for(panel, strategy=strategy, output="quantiles", identify=True)
        companions = companions_for(panel, plan)
        companions = replace(companions, calibration=calibration_for(plan))
        found = bundle_for(companions, network_for(companions, panel))
        bundle.save(folder / f"{strategy}.model", found)
    small: dict[str, Any] = {"epochs": 1, "units": 4, "threads": 1, "season": 7}
    table = {"t": np.datetime64("2024-01-01") + np.arange(60), "x": np.arange(60) % 7 + 1.0}
    forecaster = Forecaster(strategy="smoothing", **small)
    forecaster.fit(table, horizon=3, target="x", time="t").save(folder / "smoothing.model")


def arrays(npz: Path, idx: Path) -> None:
    """Sequences as arrays."""
    X = np.arange(12.0).reshape(2, 3, 2)
    np.savez(npz / "labels.npz", X=X, y=np.array(["a", "b"]), lengths=np.array([3, 2]))
    np.savez_compressed(npz / "packed.npz", x=X.astype(np.float32), y=np.zeros((2, 3, 1)))
    images = np.arange(24, dtype=">u1").reshape(2, 3, 4)
    header = b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in images.shape)
    (idx / "bytes-images-idx3-ubyte.idx").write_bytes(header + images.tobytes())
    (idx / "packed.idx").write_bytes(gzip.compress(header + images.tobytes(), mtime=0))
    (idx / "floats.idx").write_bytes(b"\0\0\x0d" + header[3:] + images.astype(">f4").tobytes())


def tables(csv: Path, parquet: Path, ndjson: Path) -> None:
    """The same rows as text, as Parquet and as JSON lines."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    (csv / "rows.csv").write_text(ROWS, encoding="utf-8")
    (csv / "packed.csv").write_bytes(gzip.compress(ROWS.encode(), mtime=0))
    (csv / "tabs.csv").write_text(ROWS.replace(",", "\t"), encoding="utf-8")
    names, *rows = (line.split(",") for line in ROWS.splitlines())
    objects = (json.dumps(dict(zip(names, map(_cell, row), strict=True))) for row in rows)
    (ndjson / "rows.ndjson").write_text("\n".join(objects) + "\n", encoding="utf-8")
    table = pa.csv.read_csv(pa.BufferReader(ROWS.encode()))
    pa.parquet.write_table(table, parquet / "rows.parquet")
    pa.parquet.write_table(
        table, parquet / "plain.parquet", use_dictionary=False, compression="none"
    )


def _cell(text: str) -> float | str | None:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def sentences(conllu: Path) -> None:
    """Words and tags, with all that CoNLL-U holds besides, and in columns."""
    rest = "\t_" * 6
    lines = ["# sent_id = a", f"1-2\tit's\t_\t_{rest}", f"1\tit\tit\tPRON{rest}"]
    lines += [f"2\t's\tbe\tAUX{rest}", f"2.1\tso\tso\tADV{rest}", "", "# sent_id = b"]
    lines += [f"1\t3 000\t3000\tNUM{rest}", "", ""]
    (conllu / "sentences.conllu").write_text("\n".join(lines), encoding="utf-8")
    (conllu / "columns.conllu").write_text("-DOCSTART- O\n\nEU B-ORG\nis O\n", encoding="utf-8")


def sounds(wav: Path) -> None:
    """Each kind of samples, some with chunks between, and one whose writer did not know its end."""
    tone = np.sin(np.arange(400) * 0.4) / 2
    kinds = {"u8": (tone * 127 + 128, "u1", 1), "s16": (tone * 2**15, "<i2", 1)}
    kinds |= {"s32": (tone * 2**31, "<i4", 1), "f32": (tone, "<f4", 3), "f64": (tone, "<f8", 3)}
    for name, (values, dtype, kind) in kinds.items():
        form = form_of(kind, np.dtype(dtype).itemsize * 8)
        chunks = [(b"fmt ", form), (b"data", values.astype(dtype).tobytes())]
        (wav / f"{name}.wav").write_bytes(wav_of(chunks))
    wide = (tone * 2**31).astype("<i4").view("u1").reshape(-1, 4)[:, 1:].tobytes()
    listed = (b"LIST", b"INFOISFT\x03\0\0\0it\0")
    chunks = [listed, (b"fmt ", form_of(-1, 24, 2)), (b"fact", b"\xc8\0\0\0"), (b"data", wide)]
    (wav / "s24.wav").write_bytes(wav_of([*chunks, listed]))
    piped = bytearray(wav_of([(b"fmt ", form_of(1, 16)), (b"data", wide[:800])], 2**32 - 1))
    piped[40:44] = b"\xff" * 4
    (wav / "piped.wav").write_bytes(piped)


def runs(toml: Path, jsonl: Path, safetensors: Path) -> None:
    """What a run leaves behind."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as path:
        folder = RunFolder(path, about={"data": "new.csv", "label": "y", "test": "later.csv"})
        Classifier(**TINY, run=folder).fit(*classes(20))
        (toml / "run.toml").write_bytes(folder.config.read_bytes())
        (jsonl / "run.jsonl").write_bytes(folder.metrics.read_bytes())
        (safetensors / "last.safetensors").write_bytes(folder.last.read_bytes())
    recipe = '[about]\ndata = "digits"\n\n[task]\nunits = [8, 4]\n\n[training]\nepochs = 2\n'
    (toml / "recipe.toml").write_text(f'kind = "classifier"\n\n{recipe}', encoding="utf-8")


def codecs(json: Path, pieces: Path, txt: Path) -> None:
    """A tokenizer, models of sentencepiece, and a vocabulary."""
    import io

    from sentencepiece import SentencePieceTrainer

    SMALL.write(json / "small.json")
    for algorithm in ("unigram", "bpe"):
        written = io.BytesIO()
        SentencePieceTrainer.train(
            sentence_iterator=iter(["the dogs saw a cat", "again and again"] * 3),
            model_writer=written,
            model_type=algorithm,
            vocab_size=300,
            byte_fallback=True,
            hard_vocab_limit=False,
            normalization_rule_name="identity",
            minloglevel=3,
        )
        (pieces / f"{algorithm}.pieces").write_bytes(written.getvalue())
    words = Words.fit(["a vocabulary: words, signs", "<eos> 3"], steps=Steps(cut="spaces"))
    words.vocabulary.write(txt / "words.txt")


def searches(folder: Path) -> None:
    """A beam and draws, each in the middle."""
    from elman.decoding import Constraints, Search, SearchOptions

    def step(tokens, given):
        return np.eye(len(PIECES))[tokens] * 2, given

    start = state.LSTMState(np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32))
    beam = {"beam_size": 3, "n_best": 2, "no_repeat_ngram": 3, "repetition_penalty": 1.2}
    led = Constraints(prefix=[[2], []], banned=[6], expression=r"[ab\dé]*", stop=["ba"])
    drawn = {"temperature": 0.7, "top_k": 5, "top_p": 0.9, "typical_p": 0.95, "min_p": 0.01}
    kinds = {"beam": (beam, led), "draws": (drawn, Constraints(required=[3]))}
    for name, (options, constraints) in kinds.items():
        search = Search(
            start,
            go=1,
            eos=0,
            options=SearchOptions(max_length=9, **options),
            constraints=constraints,
            pieces=PIECES,
            context=[[3, 2], [4]],
            model="m",
        )
        search.advance(step)
        search.advance(step)
        search.save(folder / f"{name}.search")


def main() -> None:
    """Write all seeds anew."""
    folders = {name: CORPUS / name for name in FORMATS}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    models(folders["model"])
    searches(folders["search"])
    arrays(folders["npz"], folders["idx"])
    tables(folders["csv"], folders["parquet"], folders["ndjson"])
    sentences(folders["conllu"])
    sounds(folders["wav"])
    runs(folders["toml"], folders["jsonl"], folders["safetensors"])
    codecs(folders["json"], folders["pieces"], folders["txt"])
    kept = state.LSTMState(np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32))
    state.save(folders["state"] / "stack.state", (kept, state.RNNState(np.ones((2, 1)))))


if __name__ == "__main__":
    main()
