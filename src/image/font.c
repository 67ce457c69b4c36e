// The built-in font, drawn for mien: cells of 6x10 pixels, glyphs of 5 columns.
//
// A glyph is a string of rows from the top; each character is one row as a base-32 digit (0-9, A-V)
// whose bits are the columns, the highest at the left. Capitals are 7 rows; rows 8 and 9 are
// descenders, the tenth row of the cell is left blank.
#include "image/internal.h"

static const char *const glyphs[95] = {
    /*   */ "",          /* ! */ "4444404",   /* " */ "AAA",
    /* # */ "AAVAVAA",   /* $ */ "4FKE5U4",
    /* % */ "OP248J3",   /* & */ "CIK8LID",   /* ' */ "444",
    /* ( */ "2488842",   /* ) */ "8422248",
    /* * */ "04LEL4",    /* + */ "044V44",    /* , */ "0000C448",
    /* - */ "000V",      /* . */ "00000CC",
    /* / */ "01248G0",   /* 0 */ "EHJLPHE",   /* 1 */ "4C4444E",
    /* 2 */ "EH1248V",   /* 3 */ "V2421HE",
    /* 4 */ "26AIV22",   /* 5 */ "VGU11HE",   /* 6 */ "68GUHHE",
    /* 7 */ "V112444",   /* 8 */ "EHHEHHE",
    /* 9 */ "EHHF12C",   /* : */ "0CC0CC",    /* ; */ "0CC0C448",
    /* < */ "248G842",   /* = */ "00V0V",
    /* > */ "8421248",   /* ? */ "EH12404",   /* @ */ "EHNLMGE",
    /* A */ "EHHVHHH",   /* B */ "UHHUHHU",
    /* C */ "EHGGGHE",   /* D */ "SIHHHIS",   /* E */ "VGGUGGV",
    /* F */ "VGGUGGG",   /* G */ "EHGNHHF",
    /* H */ "HHHVHHH",   /* I */ "E44444E",   /* J */ "72222IC",
    /* K */ "HIKOKIH",   /* L */ "GGGGGGV",
    /* M */ "HRLLHHH",   /* N */ "HHPLJHH",   /* O */ "EHHHHHE",
    /* P */ "UHHUGGG",   /* Q */ "EHHHLID",
    /* R */ "UHHUKIH",   /* S */ "FGGE11U",   /* T */ "V444444",
    /* U */ "HHHHHHE",   /* V */ "HHHHHA4",
    /* W */ "HHHLLLA",   /* X */ "HHA4AHH",   /* Y */ "HHHA444",
    /* Z */ "V1248GV",   /* [ */ "E88888E",
    /* \ */ "0G84210",   /* ] */ "E22222E",   /* ^ */ "4AH",
    /* _ */ "00000000V", /* ` */ "842",
    /* a */ "00E1FHF",   /* b */ "GGMPHHU",   /* c */ "00EGGHE",
    /* d */ "11DJHHF",   /* e */ "00EHVGE",
    /* f */ "698S888",   /* g */ "00FHHF1HE", /* h */ "GGMPHHH",
    /* i */ "40C444E",   /* j */ "20622222C",
    /* k */ "GGIKOKI",   /* l */ "C44444E",   /* m */ "00QLLHH",
    /* n */ "00MPHHH",   /* o */ "00EHHHE",
    /* p */ "00UHHUGGG", /* q */ "00FHHF111", /* r */ "00MPGGG",
    /* s */ "00FGE1U",   /* t */ "88S8896",
    /* u */ "00HHHJD",   /* v */ "00HHHA4",   /* w */ "00HHLLA",
    /* x */ "00HA4AH",   /* y */ "00HHHF1HE",
    /* z */ "00V248V",   /* { */ "2448442",   /* | */ "4444444",
    /* } */ "8442448",   /* ~ */ "008L2",
};

const char *mien_font_rows(unsigned char c)
{
    return c >= 32 && c < 127 ? glyphs[c - 32] : 0;
}
