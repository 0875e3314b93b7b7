#!/bin/bash
# Measures how well this tree reads real files; README.md says what.
#
#   EXT=WORK_FOLDER bench/extract/run.sh NAME [OTHER]
#
# NAME    of this run: what was read and the figures go to $EXT/runs/NAME,
#         which is made again if it is there
# OTHER   an earlier run, whose figures are shown where they differ
# EXT     folder for all that is made: data, what peers read, runs; kept for the next run
# SUITES  some of the suites, as "aeb enc" (default: all)
# LIMIT   about how many files of each suite, spread over it (default: all)
# PEERS   1: peers are scored too
# MIRROR  folder of the fetched repositories (default: $EXT/mirror)
# DOCS    folder of manuals (default: $EXT/docs)
set -euo pipefail
ALL="aeb wcxb-dev traf mozread nonart manuals enc docx md mdreal pdfref pdfmany"
HERE=$(cd "$(dirname "$0")" && pwd)
[ $# = 1 ] || [ $# = 2 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
NAME=$1 OTHER=${2:-}
mkdir -p "${EXT:?must name a folder to work in}"
EXT=$(cd "$EXT" && pwd)
MIRROR=${MIRROR:-$EXT/mirror}
SUITES=${SUITES:-$ALL}
LIMIT=${LIMIT:-0}
for s in $SUITES; do
	[[ " $ALL " = *" $s "* ]] || { echo "no suite $s; there are: $ALL" >&2; exit 2; }
done
RUN=$EXT/runs/$NAME
export EXT PEERS=${PEERS:-} DOCS=${DOCS:-$EXT/docs} PYTHONDONTWRITEBYTECODE=1

has() { [[ " $SUITES " = *" $1 "* ]]; }
data_of=$SUITES
if has nonart && ! has wcxb-dev; then data_of="wcxb-dev $data_of"; fi # some of its pages are from there

# 1. Commands that read for references, or as peers.
need=""
want() { command -v "$1" >/dev/null || [[ " $need " = *" $2 "* ]] || need="$need $2"; }
for s in $SUITES; do
	case $s in
	wcxb-dev | nonart | manuals) want lynx lynx ;;
	docx) want pandoc pandoc; want docx2txt docx2txt ;;
	mdreal) want pandoc pandoc ;;
	pdfmany) want pdftotext poppler-utils; want mutool mupdf-tools ;;
	esac
	[ -z "$PEERS" ] || case $s in
	aeb | mozread) want lynx lynx ;;
	enc) want uchardet uchardet ;;
	pdfref) want pdftotext poppler-utils; want mutool mupdf-tools ;;
	esac
done
[ -z "$need" ] || { echo "needed, of Debian's packages:$need" >&2; exit 1; }

# 2. Data: fetched repositories, handbooks of Debian.
python3 "$HERE/checkout.py" "$MIRROR" "$EXT/suites" $data_of
if { has nonart || has pdfref; } && [ ! -d "$EXT/deb/x" ]; then
	rm -rf "$EXT/deb"
	mkdir -p "$EXT/deb"
	(cd "$EXT/deb" && apt-get download -q debian-policy debian-faq debian-faq-de debian-faq-fr debian-reference-common debian-reference-ja \
		developers-reference developers-reference-de developers-reference-ja maint-guide maint-guide-ca maint-guide-zh-tw debmake-doc harden-doc \
		installation-guide-amd64 >/dev/null && for d in *.deb; do dpkg-deb -x "$d" x.part; done && mv x.part x)
fi

# 3. Python packages; the list is complete, so that none is looked for.
py=$EXT/venv/bin/python
if ! cmp -s "$HERE/requirements.txt" "$EXT/venv/requirements.txt"; then
	echo "installing Python packages" >&2
	rm -rf "$EXT/venv"
	python3 -m venv "$EXT/venv"
	nice "$py" -m pip install -q --disable-pip-version-check --no-deps -r "$HERE/requirements.txt"
	cp "$HERE/requirements.txt" "$EXT/venv/"
fi
nice "$py" "$HERE/prepare.py" $data_of

# 4. References of several readers, and peers.
with() { nice "$py" "$HERE/peers.py" "$s" "$@"; }
for s in $SUITES; do
	case $s in
	wcxb-dev) with lynx_nonav inscriptis ;;
	nonart) with lynx_nonav ;;
	manuals) with lynx ;;
	docx) with pandoc docx2txt mammoth python_docx ;;
	mdreal) with pandoc_gfm ;;
	pdfmany) with pdftotext mutool pypdf pdfminer ;;
	esac
	[ -z "$PEERS" ] || case $s in
	aeb) with trafilatura trafilatura_recall readability inscriptis lynx ;;
	wcxb-dev | traf | nonart) with trafilatura trafilatura_recall readability inscriptis ;;
	mozread) with trafilatura readability lynx ;;
	enc) with chardet uchardet charset_normalizer ;;
	docx) with docx2txt_py ;;
	pdfref) with pdftotext pdftotext_raw mutool pymupdf pypdf pdfminer pdfium ;;
	pdfmany) with pdfium ;;
	esac
done

# 5. What the program reads, and the figures.
rm -rf "$RUN"
mkdir -p "$RUN"
(cd "$HERE/../.." && nice go build -trimpath -buildvcs=false -o "$RUN/exttool" ./bench/extract)
for s in $SUITES; do
	awk -v n="$LIMIT" '{ l[NR] = $0 } END { step = n && n < NR ? NR / n : 1; for (i = 1; i < NR + 1; i += step) print l[int(i)] }' \
		"$EXT/data/$s/list.txt" >"$RUN/$s.list"
	echo "$s: $NAME reads $(wc -l <"$RUN/$s.list") files" >&2
	nice "$RUN/exttool" read "$RUN/$s.list" >"$RUN/$s.jsonl"
done
nice "$py" "$HERE/score.py" "$RUN" $SUITES >"$RUN/scores.txt"
"$py" "$HERE/compare.py" "$RUN/scores.json" ${OTHER:+"$EXT/runs/$OTHER/scores.json"}
echo "all figures: $RUN/scores.txt; which files: $RUN/*.detail.json" >&2
