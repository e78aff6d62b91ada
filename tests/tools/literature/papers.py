"""PDF files made by hand: one page, one content stream, optional forms."""

from __future__ import annotations

import io

from pypdf import PdfReader, PdfWriter

HIDDEN = {
    "no ink": "3 Tr ({}) Tj 0 Tr",
    "clip only": "7 Tr ({}) Tj 0 Tr",
    "white grey": "1 g ({}) Tj 0 g",
    "white rgb": "1 1 1 rg ({}) Tj 0 g",
    "white cmyk": "0 0 0 0 k ({}) Tj 0 g",
    "white by colour space": "/DeviceRGB cs 1 1 1 sc ({}) Tj 0 g",
    "no opacity": "/Clear gs ({}) Tj /Full gs",
    "tiny": "/F1 0.5 Tf ({}) Tj /F1 12 Tf",
    "shrunk": "0.05 0 0 0.05 72 500 Tm ({}) Tj 1 0 0 1 72 480 Tm",
    "off the page": "1 0 0 1 -900 500 Tm ({}) Tj 1 0 0 1 72 480 Tm",
    "below the page": "0 -5000 Td ({}) Tj 0 5000 Td",
    "in a form": "ET q 1 0 0 1 0 0 cm /Form Do Q BT /F1 12 Tf 72 300 Td",
}


def make_pdf(stream: str, form: str = "", title: str = "") -> bytes:
    """A PDF whose page has this content stream; /F1 is a font, /Clear and /Full are opacities, /Form is `form`."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    resources = (
        f"<< /Font << /F1 {font} >> /ExtGState << /Clear << /ca 0 >> /Full << /ca 1 >> >> /XObject << /Form 5 0 R >> >>"
    )
    head = "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 " + font + " >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources {resources} >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        f"<< {head} /Length {len(form)} >>\nstream\n{form}\nendstream",
        f"<< /Title ({title}) >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def make_page(*parts: str, form: str = "", title: str = "") -> bytes:
    """A PDF with these text operators, each after a move to the next line."""
    return make_pdf("BT /F1 12 Tf 72 700 Td " + " 0 -20 Td ".join(parts) + " ET", form, title)


def make_hiding_page(kind: str, text: str) -> bytes:
    """A page that has visible text and hides `text` by the method `kind`."""
    form = f"BT /F1 12 Tf 3 Tr 72 400 Td ({text}) Tj ET"
    shown = ("(Abstract) Tj", "(We study widgets of many kinds.) Tj", HIDDEN[kind].format(text), "(The end.) Tj")
    return make_page(*shown, form=form, title=f"Widgets, {kind}")


def encrypt(content: bytes, password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
