"""Makes the PDF files beside it: python make_pdf.py (needs reportlab)."""

from reportlab.lib.pagesizes import A5
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

WIDTH, HEIGHT = A5
COLUMNS = [
    """The lighthouse on Gull Rock was lit for
the first time in the spring of 1871, when
its keeper carried the oil up ninety-four
steps every evening. The lamp burned col-
za oil until the winter in which the price
of it doubled within a single month and
the harbour board looked for something
cheaper to burn in it.""",
    """Paraffin followed, and electric light in
the year 1926, which a cable brought over
from the mainland. The last keeper left in
the autumn of 1984, since when the light
has been watched from the town, and the
house beneath it has been let to people
who study birds and do not mind the wind
that comes from the sea.""",
]


def new(name, **options):
    c = canvas.Canvas(name, pagesize=A5, invariant=1, pageCompression=1, **options)
    c.setFont("Times-Roman", 11)
    return c


def text_page(c, lines):
    c.setFont("Times-Roman", 11)
    for i, line in enumerate(lines):
        c.drawString(40, HEIGHT - 50 - 14 * i, line)
    c.showPage()


def report():
    """Title, author, outline, three pages, hyphenation, a page without text."""
    c = new("report.pdf")
    c.setTitle("Report on the harbour")
    c.setAuthor("The harbour board")
    c.bookmarkPage("one")
    c.addOutlineEntry("Dredging", "one", level=0)
    c.bookmarkPage("two")
    c.addOutlineEntry("Costs", "two", level=1)
    text_page(c, ["Preface of the board", "Dredging", "The channel was dredged to a depth of 7.5 met-", "res in May.",
                  "Costs", "It cost 312 crowns."])
    c.rect(40, 40, 100, 100, fill=1)
    c.showPage()
    c.bookmarkPage("three")
    c.addOutlineEntry("Outlook", "three", level=0)
    text_page(c, ["Outlook", "Nothing is planned for next year."])
    c.save()


def columns():
    """Two columns, written line by line across both, under a title."""
    c = new("columns.pdf")
    c.drawString(120, HEIGHT - 40, "The light on Gull Rock, a short history")
    left, right = (column.split("\n") for column in COLUMNS)
    c.setFont("Times-Roman", 9)
    for i, (a, b) in enumerate(zip(left, right)):
        c.drawString(30, HEIGHT - 70 - 11 * i, a)
        c.drawString(220, HEIGHT - 70 - 11 * i, b)
    c.save()


def table():
    """A table, whose rows are to stay together."""
    c = new("table.pdf")
    rows = [("Year", "Ships", "Tons")] + [(str(1900 + i), str(40 + i), str(9000 + 10 * i)) for i in range(12)]
    for i, row in enumerate(rows):
        for x, cell in zip((40, 160, 280), row):
            c.drawString(x, HEIGHT - 60 - 14 * i, cell)
    c.save()


def encrypted(name, user):
    c = new(name, encrypt=StandardEncryption(user, ownerPassword="owner", strength=128))
    text_page(c, ["The password of the safe is not in here."])
    c.save()


def scanned():
    c = new("scanned.pdf")
    for _ in range(2):
        c.rect(40, 40, 100, 100, fill=1)
        c.showPage()
    c.save()


report()
columns()
table()
encrypted("encrypted_user.pdf", "secret")
encrypted("encrypted_owner.pdf", "")
scanned()
