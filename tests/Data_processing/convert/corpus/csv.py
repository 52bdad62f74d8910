"""Broken tables in CSV."""

from tests.Data_processing.convert.corpus import Broken

HEAD = "filename,class,xmin,ymin,xmax,ymax\n"
GOOD = "a.png,cat,1,2,6,6\n"
WHERE = "params.yaml: datasets.tiny"


def boxes(name: str, text: str | bytes, sentence: str, options: str = "format: csv") -> Broken:
    """Return a case of one table, ``t.csv``."""
    return Broken(name, {"t.csv": text}, options, sentence)


def row(name: str, text: str, sentence: str) -> Broken:
    """Return a case of a sound row and a broken one, on line 3."""
    return boxes(name, HEAD + GOOD + text, sentence)


CASES = (
    boxes("empty", b"", "t.csv: the file is empty; replace it or take it out"),
    boxes("a header alone", HEAD, f"{WHERE}: the table has no row; there is nothing to convert"),
    Broken("no table", {}, "format: csv", f"{WHERE}: there is no .csv or .tsv file below"),
    Broken(
        "two tables",
        {
            "t.csv": HEAD + GOOD + "a.png,cat,1,2,7,6\n",
            "u.csv": HEAD + GOOD + "a.png,ant,1,2,6,6\n",
        },
        "format: csv",
        f"there are 2: t.csv, u.csv; name it as {WHERE}.annotations",
    ),
    Broken(
        "tables of two kinds",
        {"t.csv": HEAD + GOOD, "u.csv": "filename,class\na.png,cat\n"},
        "format: csv, annotations: '*.csv'",
        "u.csv has image, labels, the tables before it have class, image, x1, x2, y1, y2; give",
    ),
    Broken(
        "a row that stands in two tables",
        {
            "t.csv": HEAD + GOOD + "a.png,cat,1,2,7,6\n",
            "u.csv": HEAD + GOOD + "a.png,ant,1,2,6,6\n",
        },
        "format: csv, annotations: '*.csv'",
        "a.png: u.csv:2: says the same as t.csv:2; remove one of them",
    ),
    Broken(
        "a table that says nothing else",
        {"t.csv": HEAD + GOOD, "u.csv": HEAD + GOOD},
        "format: csv, annotations: '*.csv'",
        "every row of u.csv stands in t.csv as well; name the latter alone, or take the former out",
    ),
    row("a row twice", GOOD, "a.png: t.csv:3: says the same as t.csv:2; remove one of them"),
    row("a word for a number", "a.png,cat,1,2,six,6\n", "t.csv:3: xmax is 'six', which is no fin"),
    row(
        "decimal comma",
        'a.png,cat,1,2,"6,5",6\n',
        "t.csv:3: xmax is '6,5', which has a comma; write 6.5",
    ),
    row(
        "a comma that may part thousands",
        'a.png,cat,"1,000",2,6,6\n',
        "xmin is '1,000', which has a comma; write 1000, or 1.000 if the comma is a decimal one",
    ),
    row(
        "commas that part thousands",
        'a.png,cat,1,2,6,"-1,000,000.5"\n',
        "ymax is '-1,000,000.5', which has commas; write -1000000.5, without them",
    ),
    row(
        "a zero before a comma", 'a.png,cat,"0,500",2,6,6\n', "has a comma; write 0.500, with a po"
    ),
    row("digits with _", "a.png,cat,1,2,6_0,6\n", "t.csv:3: xmax is '6_0', which is no finite"),
    row("NaN", "a.png,cat,1,NaN,6,6\n", "ymin is 'NaN', which is no finite number; mend it"),
    row("inf", "a.png,cat,1,2,6,1e999\n", "t.csv:3: ymax is '1e999', which is no finite number"),
    row("half a box", "a.png,cat,1,2,6,\n", "t.csv:3: ymax is empty; give the whole box"),
    row("no box", "a.png,cat,,,,\n", "t.csv:3: the row has a class and no box; give it one, or"),
    row("no class", "a.png,,1,2,6,6\n", "t.csv:3: the name of its class is empty; give it one"),
    row("control in a class", "a.png,c\x07t,1,2,6,6\n", r"t.csv:3: the class name 'c\x07t' holds"),
    row("no image", ",cat,1,2,6,6\n", "t.csv:3: the image's name '' is empty"),
    row("a field less", "a.png,cat,1,2,6\n", "t.csv:3: the row has 5 fields, the header has 6;"),
    row("a field more", "a.png,b,cat,1,2,6,6\n", "t.csv:3: the row has 7 fields, the header has 6"),
    row("climbs out", "../b.png,cat,1,2,6,6\n", "t.csv:3: the image's name '../b.png' leads out"),
    row("climbs out by \\", "..\\b.png,cat,1,2,6,6\n", "t.csv:3: the image's name '../b.png' lead"),
    row("absolute", "/etc/b.png,cat,1,2,6,6\n", "t.csv:3: the image's name '/etc/b.png' leads out"),
    row("newline in a name", '"b\n.png",cat,1,2,6,6\n', r"t.csv:3: the image's name 'b\n.png' hol"),
    row("NUL in a name", "b\0.png,cat,1,2,6,6\n", "t.csv:3: the line holds a NUL byte"),
    row(
        "an image that is missing",
        "b.png,cat,1,2,6,6\n",
        "b.png: the annotations name it, but there is no such file; add it, or correct the name",
    ),
    row("zero area", "a.png,cat,3,2,3,6\n", "has no area in the image"),
    row("outside", "a.png,cat,1,2,60,6\n", "leaves the image of 20 x 10 pixels"),
    row("a quote that stays open", 'a.png,"cat,1,2,6,6\n', "t.csv:3: a quote is opened in this ro"),
    row("text after a quote", 'a.png,"cat"s,1,2,6,6\n', "t.csv:3: a value goes on after its clos"),
    boxes("Latin-1", (HEAD + "a.png,Käfer,1,2,6,6\n").encode("latin-1"), "t.csv:2: byte 8 of the"),
    boxes("UTF-16", (HEAD + GOOD).encode("utf-16"), "t.csv:1: byte 1 of the line (0xff) is not UT"),
    boxes("a column twice", "filename,class,class\na.png,a,b\n", "t.csv:1: the column 'class' occ"),
    boxes(
        "no header",
        "a.png,1,2,7,6,cat\n",
        "t.csv: its first line is 'a.png, 1, 2, 7, 6, cat': it looks like a row, not like names of "
        "columns; write the names above it, such as image,class,x1,y1,x2,y2. If these are names: ",
    ),
    boxes(
        "no column for the image",
        "imagename,class\na.png,cat\n",
        f"{WHERE}.columns.image: t.csv has no column called image or filename or file or "
        "file_name or path; name the one that is meant; did you mean 'imagename'?",
    ),
    boxes(
        "a corner without a column",
        "filename,class,xmin,ymin,xmax\na.png,cat,1,2,6\n",
        f"{WHERE}.columns.y2: t.csv has no column called y2 or ymax",
    ),
    boxes(
        "two columns for the image",
        "filename,path,class\na.png,a.png,cat\n",
        f"{WHERE}.columns.image: the columns 'filename' and 'path' of t.csv could both be meant",
    ),
    boxes(
        "a column that does not exist",
        HEAD + GOOD,
        f"{WHERE}.columns.class: t.csv has no column 'klass'; did you mean 'class'?",
        "format: csv, columns: {class: klass}",
    ),
    boxes(
        "a word that does not exist",
        HEAD + GOOD,
        f"{WHERE}.columns: unknown word 'clas'; did you mean 'class' or 'labels'?",
        "format: csv, columns: {clas: class}",
    ),
    boxes(
        "two widths of one image",
        "filename,width,class,x1,y1,x2,y2\na.png,20,cat,1,2,6,6\na.png,30,cat,1,2,7,7\n",
        "a.png: its width is stated as 20 (t.csv:2) and 30 (t.csv:3); mend one",
    ),
    boxes(
        "a width that is none",
        "filename,width,class,x1,y1,x2,y2\na.png,wide,cat,1,2,6,6\n",
        "t.csv:2: width is 'wide', which is no whole number from 1 on",
    ),
    boxes(
        "another width than the image has",
        "filename,width,height,class,x1,y1,x2,y2\na.png,30,10,cat,1,2,6,6\n",
        "a.png: t.csv says 30 x 10 pixels, the file has 20 x 10; which is right?",
    ),
    boxes(
        "an id twice",
        "annotation_id,filename,class,x1,y1,x2,y2\n7,a.png,cat,1,2,6,6\n7,a.png,cat,1,2,5,5\n",
        "a.png: t.csv:2: the id 7 is that of 2 rows; give each its own",
    ),
    boxes(
        "a row without an id",
        "annotation_id,filename,class,x1,y1,x2,y2\n,a.png,cat,1,2,6,6\n",
        "t.csv:2: annotation_id is empty; give the box an id",
    ),
    boxes(
        "an empty label among others",
        "filename,label\na.png,cat||dog\n",
        "a.png: t.csv:2: the name of its class is empty; give it one",
    ),
    boxes("no header, a number twice", "a.png,1,2,6,6,cat\n", "t.csv:1: its first line is"),
    boxes(
        "a folder that is not there",
        HEAD + GOOD,
        f"{WHERE}.images: there is no folder nowhere in raw",
        "format: csv, images: nowhere",
    ),
    Broken(
        "a link out of the folder",
        {},
        "format: csv",
        "t.csv: a link leads out of the data set's folder; copy the file into it",
        links={"t.csv": "../params.yaml"},
    ),
    Broken(
        "no Parquet",
        {"t.parquet": HEAD + GOOD},
        "format: parquet",
        "t.parquet: not readable as Parquet: ",
    ),
)
