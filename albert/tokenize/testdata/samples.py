"""The strings that every tokenizer's fixture is made of: many scripts, and what breaks tokenizers. The seed is fixed."""
import random
import unicodedata

LETTERS = {
    "latin": "abcdefghijklmnopqrstuvwxyz",
    "capital": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "accented": "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿāăąćčďđęěğıłńňőřśşšťůűźżžÀÁÂÃÄÅÇÈÉÊËİÑÖØÜŁŚŠŽẞßſ",
    "vietnamese": "ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹĂÂĐÊÔƠƯ",
    "greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώΐΰΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩᾂᾳῷ",
    "cyrillic": "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФЯїєґўђљњћџ",
    "armenian": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև",
    "georgian": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰᲐᲑᲒ",
    "hebrew": "אבגדהוזחטיכךלמםנןסעפףצץקרשת" + "\u05b0\u05b4\u05b7\u05bc\u05c1",
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئىة" + "\u064b\u064e\u064f\u0650\u0651\u0652",
    "devanagari": "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह" + "\u093e\u093f\u0940\u0941\u0947\u094b\u094d\u0902",
    "bengali": "অআইকখগচজটডতদনপবমযরলশসহ" + "\u09be\u09bf\u09c0\u09cb\u09cc\u09cd",
    "tamil": "அஆஇஈகஙசஞடணதநபமயரலவ" + "\u0bbe\u0bbf\u0bc0\u0bca\u0bcd",
    "thai": "กขคงจฉชซญดตถทธนบปผฝพฟมยรลวศสหอฮ" + "\u0e31\u0e34\u0e35\u0e38\u0e48\u0e49\u0e33",
    "tibetan": "ཀཁགངཅཆཇཉཏཐདནཔཕབམ" + "\u0f71\u0f72\u0f73\u0f74\u0f7c\u0f0b",
    "khmer": "កខគឃងចឆជឈញដឋឌ" + "\u17b6\u17b7\u17d2\u17c6",
    "ethiopic": "ሀሁሂሃሄህሆለሉሊላሌልሎመሙሚማሜምሞ",
    "hangul": "가각간갇갈감갑값강개객거건걸한국어말글날씨좋아요" + "\u1100\u1161\u11a8ㄱㅏ",
    "kana": "あいうえおかきくけこさしすせそたちつてとなにぬねのがぎぐげごぱぴぷアイウエオカキクケコガギグｱｲｳｶﾞﾊﾟー",
    "han": "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本見経頭長門飛馬體國學會龍龜",
    "rare han": "㐀㐁㒨䶵𠀀𠀋𠮷𪚥豈更車賈滑串句龜\uf9d0\ufa1f\U0002f800",
    "math": "𝐀𝐚𝑨𝒜𝔄𝔸𝖠𝟎𝟏𝟗ℂℍℕℙℚℝℤℓ℘∀∂∃∅∇∈∑√∞∫≈≠≤≥⊕",
    "compatibility": "ﬀﬁﬂﬃﬄﬅﬆ①②⑳㍿㌀㎏㎡㏒ⅠⅣⅷ½¼⅓²³¹ªº™℠℃Åﷺﷻ…‥″‴ＡＢＣａｂｃ１２３！？〜￥ｶﾞ",
    "old": "𐌀𐌁𐌂𐍈𐍊𐎀𐎁𐏈𐤀𐤁𐤂𒀀𒀁𓀀𓀁ᚠᚢᚦᚨᛒᛗ𐐀𐐨𞤀𞤢",
}
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "❤️", "🇩🇪", "🇯🇵", "1️⃣", "#️⃣", "👨🏿‍🚀", "🫠", "🪿", "☺", "🧑‍💻", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "⌚", "✈️"]
MARKS = [chr(c) for c in [0x300, 0x301, 0x302, 0x303, 0x304, 0x307, 0x308, 0x30A, 0x30C, 0x315, 0x31B, 0x323, 0x327, 0x328, 0x331, 0x338, 0x340, 0x344, 0x345, 0x34F, 0x360, 0x488, 0x489, 0x20D0, 0x20DD, 0x20E3, 0xFE00, 0xFE0F, 0xFE20, 0x302A, 0x302E, 0x3099, 0x309A, 0x1D165, 0x1D16D]]
CONTROLS = [chr(c) for c in [*range(1, 9), 0xB, 0xC, 0xE, 0x10, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x7F, 0x80, 0x85, 0x9F, 0xAD, 0x600, 0x61C, 0x6DD, 0x70F, 0x180E, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202E, 0x2060, 0x2063, 0x2066, 0x2069, 0xFEFF, 0xFFF9, 0xFFFB, 0xFFFC, 0xFFFD, 0xE000, 0xF8FF, 0xE0001, 0xE0041, 0xF0000, 0x10FFFD]]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r", "\r\n", "\n\n", "\x0b", "\x0c", "\x85", "\xa0", "\u1680", "\u2000", "\u2003", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u180e", "\u2581"]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + list("¡¢£¤¥¦§¨©«¬®¯°±´µ¶·¸»¿×÷–—―‘’‚“”„†‡•…‰‹›⁄€₿№←→↑↓│■□▲●★♠♥✓、。《》「」『』【】〔〕！？，．：；（）［］｛｝～৳฿๏។՝՞׃؟؛۔।॥᠀᙭⸺⹂𐄀𑁇") + ["``", "''", "...", "--", "´´", "»«"]
SPECIAL = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[sep]", "<pad>", "<unk>", "<s>", "</s>", "[unused0]", "##ing", "▁the"]
WORDS = """the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she
there would their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two
may first then do any like my now over such our man me even most made after also did many off before must well back through years much where your way
question answering retrieval passages embedding tokenizer language modelling understanding unbelievable internationalization counterrevolutionaries
Zürich Köln naïve café résumé Ångström Łódź São Paulo İstanbul Straße ΟΔΥΣΣΕΥΣ Σίσυφος привет Ёлка don't can't it's I'm we'll o'clock rock'n'roll
e-mail state-of-the-art U.S.A. Ph.D. C++ C# .NET http://example.org/a?b=c&d=%20 user@example.com 192.168.0.1 3.14159 1e-12 0xFF $5.99 50% #tag @name""".split()


def word(rng):
    kind = rng.random()
    if kind < 0.45:
        w = rng.choice(WORDS)
        return rng.choice([w, w, w.upper(), w.title(), w + rng.choice("s,.;:!?")])
    if kind < 0.6:
        n = rng.randint(1, 9)
        digits = "".join(rng.choice("0123456789") for _ in range(n))
        return rng.choice([digits, f"{int(digits):,}", digits + ",", digits + ",000", digits + ", ", "9,9,", "(" + digits + ",)", digits + ",x", "x" + digits + ",", "٣,٤,", "²,", "½,", "１，２,", "五,"])
    alphabet = LETTERS[rng.choice(list(LETTERS))]
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(1, 10)))


def noise(rng):
    return rng.choice([rng.choice(EMOJI), rng.choice(MARKS), rng.choice(CONTROLS), rng.choice(PUNCTUATION), rng.choice(SPECIAL), rng.choice(SPACES)])


def character(rng):
    while True:
        c = rng.choice([rng.randrange(0x20, 0x3000), rng.randrange(0x3000, 0x20000), rng.randrange(0x20, 0x110000)])
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def make(count=2150, seed=3):
    rng = random.Random(seed)
    texts = ["", " ", "new_york ab 中国 new_yorks", "said. οοο a. οοο", "\n", "\u200b", "\u0301", "a", "A", ",", "9,", "▁", "▁▁ ▁", "\ufffd", "a\u0301", "\u0301a", "İİ", "ΣΑΣ ΑΣ. ΑΣ' Σ", "a" * 100, "a" * 101, "é" * 100, "e\u0301" * 100,
             "x" * 5000, "漢" * 300, "ab " * 500, "9," * 60, "``quoted'' text", "[CLS] a [SEP] b", "[MASK]", "a\u0000b", "\ufeffBOM", "1,000,000,", "日本,語,", "  lead and trail  "]
    texts += EMOJI + MARKS + CONTROLS + SPACES + PUNCTUATION + SPECIAL + WORDS
    texts += ["e" + m for m in MARKS] + ["e" + m + "\u0323x" for m in MARKS] + ["a" + c + "b" for c in CONTROLS] + ["a" + s + "b" + s for s in SPACES] + ["a" + p + "b" for p in PUNCTUATION]
    while len(texts) < count:
        kind = rng.random()
        if kind < 0.35:  # prose
            t = " ".join(word(rng) for _ in range(rng.randint(1, 14)))
        elif kind < 0.55:  # prose with other white space and noise
            t = "".join(word(rng) + rng.choice(SPACES) + (noise(rng) if rng.random() < 0.4 else "") for _ in range(rng.randint(1, 10)))
        elif kind < 0.7:  # without white space
            t = "".join(rng.choice([word, noise])(rng) for _ in range(rng.randint(1, 10)))
        elif kind < 0.8:  # decomposed, composed and compatibility forms
            t = unicodedata.normalize(rng.choice(["NFD", "NFC", "NFKD", "NFKC"]), " ".join(word(rng) for _ in range(rng.randint(1, 8))))
        elif kind < 0.9:  # letters under marks
            t = "".join(rng.choice(LETTERS[rng.choice(list(LETTERS))]) + "".join(rng.choice(MARKS) for _ in range(rng.randint(0, 4))) for _ in range(rng.randint(1, 10)))
        else:  # anything
            t = "".join(character(rng) for _ in range(rng.randint(1, 20)))
        texts.append(t)
    return list(dict.fromkeys(texts))


def ends(text):
    """The byte offset of each character of text, and of its end."""
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return at
