"""Sentences with tags: what is read, what is kept, and the bytes that come back."""

from __future__ import annotations

import codecs
import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.readers import read
from elman.data.readers.conll import (
    columns_content,
    conllu_content,
    is_conllu,
    read_tagged,
    write_tagged,
)
from elman.data.tagged import TaggedSentences
from elman.data.words import WordSequences
from elman.errors import ArgumentError, DataError, ElmanError, FormatError, ShapeError

CONLLU = """\
# newdoc id = d1
# sent_id = s-1
# text = I can't see 3 000 cats.
1\tI\tI\tPRON\tPRP\t_\t_\t_\t_\t_
2-3\tcan't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
2\tca\tcan\tAUX\tMD\t_\t_\t_\t_\t_
3\tn't\tnot\tPART\tRB\t_\t_\t_\t_\t_
4\tsee\tsee\tVERB\tVB\t_\t_\t_\t_\t_
5\t3 000\t3000\tNUM\tCD\t_\t_\t_\t_\t_
6\tcats\tcat\tNOUN\tNNS\t_\t_\t_\t_\t_

# sent_id = s-2
# a comment
1\t#\t#\tSYM\tNN\t_\t_\t_\t_\t_
1.1\telided\t_\tVERB\t_\t_\t_\t_\t_\t_
2\tyes\tyes\tINTJ\tUH\t_\t_\t_\t_\t_

"""
WORDS = [["I", "ca", "n't", "see", "3 000", "cats"], ["#", "yes"]]
TAGS = [["PRON", "AUX", "PART", "VERB", "NUM", "NOUN"], ["SYM", "INTJ"]]
COLUMNS = "-DOCSTART- -X- O\n\nEU  NNP  B-ORG\nrejects VBZ O\n\n. . O\n"


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str = "t.conllu"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def test_conllu(write):
    data = read_tagged(write(CONLLU))
    assert (data.words, data.tags, data.ids) == (WORDS, TAGS, ("s-1", "s-2"))
    assert data.notes == ()
    assert data.where(0, 4).endswith("line 9")
    assert data.where(1).endswith("line 14")
    assert read_tagged(write(CONLLU), label="XPOS").tags == [
        ["PRP", "MD", "RB", "VB", "CD", "NNS"],
        ["NN", "UH"],
    ]
    assert read_tagged(write(CONLLU), text="LEMMA", label="5").words[0][1] == "can"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("content", [CONLLU, CONLLU.rstrip("\n"), "\n\n" + CONLLU + "# end\n\n"])
def test_what_is_not_changed_comes_back_byte_for_byte(write, tmp_path, content, end):
    content = content.replace("\n", end)
    data = read_tagged(write(content))
    assert data.content() == content.encode()
    assert data.content(data.tags) == content.encode()
    other = [["X" for _ in row] for row in data.words]
    changed = content.replace("\tINTJ\t", "\tX\t").replace("\tSYM\t", "\tX\t")
    for tag in TAGS[0]:
        changed = changed.replace(f"\t{tag}\t", "\tX\t", 1)
    changed = changed.replace("\telided\t_\tX\t", "\telided\t_\tVERB\t")
    assert data.content(other) == changed.encode()
    write_tagged(tmp_path / "again.conllu.gz", data, other)
    assert gzip.decompress((tmp_path / "again.conllu.gz").read_bytes()) == changed.encode()
    assert read_tagged(tmp_path / "again.conllu.gz").tags == other


def test_selected_sentences_bring_their_lines(write):
    data = read_tagged(write(CONLLU))
    start = CONLLU.index("# sent_id = s-2")
    part = data.select(np.array([False, True]))
    assert part.content() == CONLLU[start:].encode()
    assert part.where(0).endswith("line 14")
    assert data.select([1, 0]).content() == (CONLLU[start:] + CONLLU[:start]).encode()


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-16-le"),
        (b"", "utf-8"),
        (b"", "cp1252"),
    ],
)
def test_encodings_come_back(write, mark, encoding):
    content = mark + CONLLU.replace("cats", "Küche").encode(encoding)
    for told in (None, encoding, encoding.removesuffix("-le").removesuffix("-be")):
        if mark == b"" and told == "utf-16":
            continue
        data = read_tagged(write(content), **({} if told is None else {"encoding": told}))
        assert data.words[0][-1] == "Küche"
        assert data.content() == content
        tags = [["É" for _ in row] for row in data.words]
        assert "É".encode(encoding) in data.content(tags)


def test_blank_lines_that_hold_a_tab_end_a_sentence(write):
    content = CONLLU.replace("\n\n", "\n\t \n")
    data = read_tagged(write(content))
    assert data.words == WORDS
    assert data.content() == content.encode()
    assert "2 × empty line that holds blanks or tabs" in data.notes[0]


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\x0b", "\x0c", "\x1d", "\u00a0", "\u3000"])
def test_what_splits_lines_elsewhere_is_part_of_a_form(write, sign):
    content = CONLLU.replace("cats", f"ca{sign}ts")
    data = read_tagged(write(content))
    assert data.words[0][-1] == f"ca{sign}ts"
    assert data.content(data.tags) == content.encode()
    columns = f"{sign} X\nb Y\n"  # not even a word of that alone is an empty line
    assert read_tagged(write(columns, "c.txt")).words == [[sign, "b"]]


def test_a_newline_inside_a_form_is_not_written(tmp_path):
    data = TaggedSentences([["a\nb"]], [["X"]], ("1",), "made")
    for name in ("m.conllu", "m.conll"):
        with pytest.raises(DataError, match=r"word 1: found 'a\\nb'; a text without"):
            write_tagged(tmp_path / name, data)
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["m.conllu", "m.conll"])
def test_what_is_no_text_is_not_written(tmp_path, write, name):
    data = TaggedSentences([["a", "b"]], None, ("1",), "made")
    with pytest.raises(DataError, match="word 2: found None; a text"):
        write_tagged(tmp_path / name, data, [["X", None]])
    assert not (tmp_path / name).exists()
    read = read_tagged(write(COLUMNS, "c.conll"))
    with pytest.raises(DataError, match=r"the tag of .*found None"):
        read.content([["O", "O"], [None]])


def test_forms_with_blanks(write, tmp_path):
    data = TaggedSentences([["3 000", "b"]], [["X", "Y"]], ("1",), "made")
    write_tagged(tmp_path / "m.conllu", data)
    assert read_tagged(tmp_path / "m.conllu").words == data.words
    write_tagged(tmp_path / "m.conll", data)
    again = read_tagged(tmp_path / "m.conll")
    assert (again.words, again.tags) == (data.words, data.tags)
    with pytest.raises(DataError, match="without blanks"):
        columns_content(data, data.tags or [], separator=" ")
    blanks = read_tagged(write(COLUMNS, "c.conll"))
    with pytest.raises(DataError, match=r"the tag of .*c.conll, line 3"):
        blanks.content([["B ORG", "O"], ["O"]])


def test_columns(write):
    path = write(COLUMNS, "c.conll")
    data = read_tagged(path)
    assert data.words == [["EU", "rejects"], ["."]]
    assert data.tags == [["B-ORG", "O"], ["O"]]
    assert data.ids == ("1", "2")
    assert "3 columns between blanks, words in column 1, tags in column 3" in data.notes[0]
    assert "1 mark -DOCSTART- between documents" in data.notes[1]
    assert data.content() == COLUMNS.encode()
    changed = data.content([["B-LOC", "I-LOC"], ["X"]]).decode()
    assert changed == "-DOCSTART- -X- O\n\nEU  NNP  B-LOC\nrejects VBZ I-LOC\n\n. . X\n"
    assert read_tagged(path, label="2").tags == [["NNP", "VBZ"], ["."]]
    assert read_tagged(path, text="2", label="1").words == [["NNP", "VBZ"], ["."]]


def test_columns_between_tabs_and_other_signs(write):
    assert read_tagged(write("New York\tLOC\n\nx\tO\n", "t.tsv")).words == [["New York"], ["x"]]
    assert read_tagged(write("a|X\nb|Y\n", "b.txt"), separator="|").tags == [["X", "Y"]]
    mixed = read_tagged(write("a b\tX\n", "m.txt"), separator="blank")
    assert (mixed.words, mixed.tags) == ([["a"]], [["X"]])


def test_words_alone_are_to_be_tagged(write):
    path = write("to\nbe\n\nor\n", "w.txt")
    data = read_tagged(path, labelled=False)
    assert (data.words, data.tags) == ([["to", "be"], ["or"]], None)
    with pytest.raises(FormatError, match="found one column"):
        read_tagged(path)
    assert data.content([["A", "B"], ["C"]]) == b"to\tA\nbe\tB\n\nor\tC\n"
    bare = CONLLU
    for tag in (*TAGS[0], *TAGS[1]):
        bare = bare.replace(f"\t{tag}\t", "\t_\t")
    data = read_tagged(write(bare))
    assert data.tags is None
    assert data.content(TAGS) == CONLLU.replace("elided\t_\tVERB", "elided\t_\t_").encode()


def test_a_file_without_the_column_of_tags_gets_it_behind_its_last(write):
    path = write("-x 1 to\n-x  2 be \r\n\n-x 1 or", "w.conll")
    data = read_tagged(path, text="3", label="4", labelled=False)
    assert (data.words, data.tags) == ([["to", "be"], ["or"]], None)
    assert data.content([["A", "B"], ["C"]]) == b"-x 1 to A\n-x  2 be B \r\n\n-x 1 or C"
    with pytest.raises(ArgumentError, match="found '4'; one of 1, 2, 3"):
        read_tagged(path, text="3", label="4")
    with pytest.raises(ArgumentError, match="found '5'"):
        read_tagged(path, text="5", labelled=False)


def test_comments_of_columns_are_told(write):
    content = "# id 12 x\nEU B\n\n# id 13 y\nis O\n"
    path = write(content, "c.txt")
    with pytest.raises(FormatError, match=r"line 2: found 2 columns; 4, as in the first"):
        read_tagged(path)
    data = read_tagged(path, comments="# id")
    assert data.words == [["EU"], ["is"]]
    assert data.content() == content.encode()
    with pytest.raises(FormatError, match="comments='#' if that is what it is"):
        read_tagged(write("EU B\n# id 13 y\n", "d.txt"))


def test_columns_that_a_first_line_names(write):
    content = "# global.columns = ID FORM TAG\n# sent_id = a\n1\tx\tT\n\n1\ty\tU\n"
    data = read_tagged(write(content, "p.conllup"))
    assert (data.words, data.tags, data.ids) == ([["x"], ["y"]], [["T"], ["U"]], ("a", "2"))
    assert data.select([1]).content() == b"# global.columns = ID FORM TAG\n1\ty\tU\n"


LINE = "1\ta\ta\tX\t_\t_\t_\t_\t_\t_\n"


@pytest.mark.parametrize(
    ("content", "told", "found"),
    [
        (LINE + "3" + LINE[1:], {}, "line 2, column ID: found 3, after 1 word of the sentence; 2"),
        (LINE + LINE, {}, "line 2, column ID: found 1, after 1 word"),
        ("x" + LINE, {}, "line 1, column ID: found 'x1'"),
        ("01" + LINE[1:], {}, "line 1, column ID: found '01'"),
        (LINE + "2\tb\n", {}, "line 2: found 2 columns; the 10 of CoNLL-U, between tabs"),
        (LINE.replace("\t", " "), {}, "line 1: found 1 column;"),
        (LINE.replace("\ta\ta", "\t\ta"), {}, "line 1, column FORM: found nothing"),
        (LINE, {"label": "UPSO"}, "found 'UPSO'; did you mean 'UPOS'?"),
        (LINE, {"label": "11"}, "found '11'"),
        (LINE, {"form": "conll"}, "found 'conll'"),
        (LINE, {"colour": "x"}, "is no option"),
        ("", {}, "holds no words"),
        ("# text\n\n", {}, "holds no words"),
        (b"\xff\x81" + LINE.encode(), {}, "no UTF-8"),
        ("a X\nb\n", {"form": "columns"}, "line 2: found 1 column; 2, as in the first"),
        ("", {"form": "columns"}, "holds no words"),
        ("# global.columns = FORM UPOS\na\tX\n", {}, "line 1: found the columns FORM UPOS"),
    ],
)
def test_what_is_wrong_is_named(write, content, told, found):
    with pytest.raises(ElmanError) as caught:
        read_tagged(write(content), **told)
    assert found in str(caught.value)


def test_some_words_without_a_tag_are_said(write):
    data = read_tagged(write(CONLLU.replace("\tSYM\t", "\t_\t")))
    assert data.tags is not None
    assert data.tags[1] == ["_", "INTJ"]
    assert "1 word with the tag _ in UPOS" in data.notes[-1]


def test_sentences_of_one_name_are_numbered(write):
    assert read_tagged(write(CONLLU.replace("s-2", "s-1"))).ids == ("1", "2")


def test_tags_fit_words(write):
    data = read_tagged(write(CONLLU))
    with pytest.raises(ShapeError, match="5 tags for 6 words in sentence 's-1'"):
        data.content([TAGS[0][1:], TAGS[1]])
    with pytest.raises(ShapeError, match="of 1 sentences"):
        data.content([TAGS[0]])


def test_words_and_tags_are_sequences(write):
    data = read(write(CONLLU + CONLLU.replace("s-", "t-")))
    assert isinstance(data.sequences, WordSequences)
    assert data.sequences.texts() == WORDS * 2
    assert data.labels is not None
    assert [row.tolist() for row in data.labels] == TAGS * 2
    assert data.ids == ("s-1", "s-2", "t-1", "t-2")
    assert read(write(CONLLU), label="XPOS").labels is not None
    bare = read(write("to\nbe\n", "w.conll"), labelled=False)
    assert bare.labels is None
    alike = read(write("a X\nb Y\n\nc X\nd Y\n", "w.iob2")).labels
    assert alike is not None
    assert [row.tolist() for row in alike] == [["X", "Y"], ["X", "Y"]]


def test_names():
    assert is_conllu("a.CoNLLU.xz")
    assert is_conllu("a.conllup")
    assert not is_conllu("a.conll")
    with pytest.raises(ArgumentError):
        read_tagged("x.conllu", form="none!")


signs = st.characters(exclude_characters="\n\r\t\ufeff", exclude_categories=["Cs"])
forms = st.text(signs, min_size=1).filter(lambda form: form.strip(" "))


@given(st.lists(st.lists(st.tuples(forms, forms), min_size=1), min_size=1))
def test_any_words_and_tags_come_back(tmp_path_factory, sentences):
    path = tmp_path_factory.mktemp("any") / "t.conllu"
    words = [[word for word, _ in row] for row in sentences]
    tags = [[tag for _, tag in row] for row in sentences]
    ids = tuple(str(k + 1) for k in range(len(words)))
    path.write_bytes(conllu_content(TaggedSentences(words, tags, ids, "made")))
    data = read_tagged(path, encoding="utf-8")
    assert (data.words, data.ids) == (words, ids)
    assert data.tags == (None if all(t == "_" for row in tags for t in row) else tags)
    columns = path.with_suffix(".txt")
    columns.write_bytes(columns_content(TaggedSentences(words, tags, ids, "made"), tags))
    data = read_tagged(columns, separator="tab", encoding="utf-8")
    assert (data.words, data.tags) == (words, tags)


def test_the_treebank_comes_back(real_data):
    path = real_data / "ud_english_ewt" / "en_ewt-ud-test.conllu.gz"
    data = read_tagged(path)
    assert len(data) == 2077
    assert sum(map(len, data.words)) == 25_094
    assert data.content(data.tags) == gzip.decompress(path.read_bytes())
