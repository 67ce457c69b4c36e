// The page of guided calibration: what to do now, a countdown, a row for each gesture with its tick
// and its range before and after, and what can be done next. It stands at the window's right or
// lower edge, where the picture makes room for it; in a small window it is a strip of three lines.
//
// Does not: see gestures or keep anything (live/session_person.c, track/guide.h).
#include "view/ui_parts.hh"

extern "C" {
#include "view/actions.h"
}

#include <math.h>
#include <stdio.h>

#include <algorithm>

#include <SDL2/SDL.h>

namespace {

const float wide_em = 19.5f, full_em = 27, strip_em = 8.2f;

enum form { COLUMN, BELOW, STRIP };

// The page's form in a window of this size (in px of the text's height).
form form_of(float w, float h)
{
    if (w - wide_em >= 0.55f * w && h >= full_em + 2) {
        return COLUMN;
    }
    return h - full_em >= 0.42f * h ? BELOW : STRIP;
}

void ask(const mien_ui_controls *c, enum mien_action_id id, double number = 0)
{
    mien_action_ask_number(c->actions, id, number);
}

const char *what_to_do(const mien_ui_guide &g)
{
    bool learning = g.stage == MIEN_UI_GUIDE_READY || g.stage == MIEN_UI_GUIDE_STEP;
    return g.stage == MIEN_UI_GUIDE_KEPT     ? "Kept. It is used from now on."
           : g.stage == MIEN_UI_GUIDE_REVIEW ? "Try it: the marks show your face now."
           : learning && !g.face             ? "No face in the picture: come into view."
           : g.stage == MIEN_UI_GUIDE_READY  ? "Look at the camera with your face at rest."
           : g.row[g.now].seen               ? "Seen. Now relax."
                                             : g.row[g.now].ask;
}

int number_seen(const mien_ui_guide &g)
{
    int n = 0;
    for (int i = 0; i < g.rows; i++) {
        n += g.row[i].seen;
    }
    return n;
}

// How far the gesture is, with a line where it counts; the seconds that are left at its right.
void draw_progress(const mien_ui_guide &g)
{
    ImDrawList *d = ImGui::GetWindowDrawList();
    float em = ImGui::GetFontSize();
    ImVec2 at = ImGui::GetCursorScreenPos();
    float w = ImGui::GetContentRegionAvail().x - 3.2f * em, h = 0.55f * em, y = at.y + 0.3f * em;
    const float scale = g.now == 0 ? 1.0f : 0.5f; // a gesture counts at half of the bar
    float share = g.stage == MIEN_UI_GUIDE_STEP ? std::min(g.share * scale, 1.0f) : 0;
    bool counts = g.share >= 1;
    d->AddRectFilled(ImVec2(at.x, y), ImVec2(at.x + w, y + h), IM_COL32(255, 255, 255, 30), 3);
    d->AddRectFilled(ImVec2(at.x, y), ImVec2(at.x + w * share, y + h),
                     ImGui::GetColorU32(counts ? mien_ui_accent : mien_ui_amber), 3);
    if (g.now > 0) {
        float x = at.x + w * scale;
        d->AddLine(ImVec2(x, y - 0.15f * em), ImVec2(x, y + h + 0.15f * em),
                   IM_COL32(255, 255, 255, 200), 1.5f);
    }
    char text[16];
    snprintf(text, sizeof(text), "%.0f s", (double)ceilf(fmaxf(g.left_s, 0)));
    d->AddText(ImVec2(at.x + w + 0.7f * em, at.y), ImGui::GetColorU32(ImGuiCol_Text), text);
    ImGui::Dummy(ImVec2(w, 1.1f * em));
}

// The range before as a thin line, the one after as a bar, the face now as a mark; from 0 to 1.
void draw_ranges(const mien_ui_gesture &r, float w, float high, bool tried)
{
    ImDrawList *d = ImGui::GetWindowDrawList();
    ImVec2 at = ImGui::GetCursorScreenPos();
    float x = at.x, y = at.y;
    d->AddRectFilled(ImVec2(x, y + 0.3f * high), ImVec2(x + w, y + 0.85f * high),
                     IM_COL32(255, 255, 255, 26), 2);
    d->AddRectFilled(ImVec2(x + w * r.before[0], y + 0.1f * high),
                     ImVec2(x + w * r.before[1], y + 0.25f * high), IM_COL32(190, 200, 210, 255));
    if (tried) {
        d->AddRectFilled(ImVec2(x + w * r.after[0], y + 0.3f * high),
                         ImVec2(x + w * r.after[1], y + 0.85f * high),
                         ImGui::GetColorU32(r.seen ? mien_ui_accent : mien_ui_dim), 2);
    }
    float now = x + w * std::min(std::max(r.value, 0.0f), 1.0f);
    d->AddLine(ImVec2(now, y + 0.05f * high), ImVec2(now, y + high), IM_COL32(255, 255, 255, 255),
               2);
    ImGui::Dummy(ImVec2(w, high));
}

void row(const mien_ui_controls *c, int i)
{
    const mien_ui_guide &g = c->guide;
    const mien_ui_gesture &r = g.row[i];
    float em = ImGui::GetFontSize(), x = ImGui::GetCursorPosX();
    bool now = g.stage == MIEN_UI_GUIDE_STEP && g.now == i;
    ImGui::PushID(i);
    if (r.seen) {
        ImGui::TextColored(mien_ui_accent, "\u2713");
    } else {
        ImGui::TextColored(now ? mien_ui_amber : mien_ui_dim, now ? "\u25cf" : "\u2013");
    }
    ImGui::SameLine(x + 1.4f * em - ImGui::GetStyle().WindowPadding.x +
                    ImGui::GetStyle().WindowPadding.x);
    bool can = (g.stage == MIEN_UI_GUIDE_STEP && i < g.now) || g.stage == MIEN_UI_GUIDE_REVIEW;
    if (now) {
        ImGui::PushStyleColor(ImGuiCol_Text, mien_ui_amber);
    }
    if (ImGui::Selectable(r.name, false, can || now ? 0 : ImGuiSelectableFlags_Disabled,
                          ImVec2(6 * em, 0)) &&
        can) {
        ask(c, MIEN_ACTION_GUIDE_AGAIN, i);
    }
    if (now) {
        ImGui::PopStyleColor();
    }
    if (can && ImGui::IsItemHovered()) {
        ImGui::SetTooltip("do it again");
    }
    ImGui::SameLine(x + 8 * em);
    if (r.ranged) {
        draw_ranges(r, ImGui::GetContentRegionAvail().x, em, r.tried || r.seen);
    } else {
        ImGui::TextDisabled(r.seen ? "" : r.tried ? "not quite still" : "");
    }
    ImGui::PopID();
}

void rows(const mien_ui_controls *c)
{
    const mien_ui_guide &g = c->guide;
    float em = ImGui::GetFontSize();
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing,
                        ImVec2(ImGui::GetStyle().ItemSpacing.x, 0.25f * em));
    for (int i = 0; i < g.rows; i++) {
        row(c, i);
    }
    ImGui::PopStyleVar();
    ImGui::TextDisabled("line: range before, bar: after, mark: now");
}

// One tick a gesture, in a line.
void ticks(const mien_ui_guide &g)
{
    for (int i = 0; i < g.rows; i++) {
        bool now = g.stage == MIEN_UI_GUIDE_STEP && g.now == i;
        ImGui::TextColored(g.row[i].seen ? mien_ui_accent
                           : now         ? mien_ui_amber
                                         : mien_ui_dim,
                           "%s",
                           g.row[i].seen ? "\u2713"
                           : now         ? "\u25cf"
                                         : "\u2013");
        ImGui::SameLine(0, ImGui::GetFontSize() * 0.35f);
    }
    ImGui::NewLine();
}

bool choice(const char *words, float wide)
{
    return ImGui::Button(words, ImVec2(wide, 0));
}

void choices(const mien_ui_controls *c, int key, bool closes)
{
    const mien_ui_guide &g = c->guide;
    bool review = g.stage == MIEN_UI_GUIDE_REVIEW, kept = g.stage == MIEN_UI_GUIDE_KEPT;
    bool enter = key == SDLK_RETURN || key == SDLK_KP_ENTER, back = key == SDLK_BACKSPACE;
    bool right = key == SDLK_RIGHT;
    float gap = ImGui::GetStyle().ItemSpacing.x, all = ImGui::GetContentRegionAvail().x;
    float wide = floorf((all - (kept ? 1 : 2) * gap) / (kept ? 2 : 3));
    if (kept) {
        if (choice(mien_action_words(MIEN_ACTION_GUIDE_UNDO), wide) || back) {
            ask(c, MIEN_ACTION_GUIDE_UNDO);
        }
    } else {
        if (choice(mien_action_words(MIEN_ACTION_GUIDE_AGAIN), wide) || back) {
            ask(c, MIEN_ACTION_GUIDE_AGAIN, -1);
        }
        ImGui::SameLine();
        if (review) {
            if (choice(mien_action_words(MIEN_ACTION_GUIDE_KEEP), wide) || enter) {
                ask(c, MIEN_ACTION_GUIDE_KEEP);
            }
        } else if (choice(mien_action_words(MIEN_ACTION_GUIDE_SKIP), wide) || right) {
            ask(c, MIEN_ACTION_GUIDE_SKIP);
        }
    }
    ImGui::SameLine();
    if (choice(kept ? mien_action_words(MIEN_ACTION_GUIDE_CLOSE) : "Discard", wide) || closes ||
        (kept && enter)) {
        ask(c, MIEN_ACTION_GUIDE_CLOSE);
    }
}

const char *key_words(const mien_ui_guide &g)
{
    return g.stage == MIEN_UI_GUIDE_KEPT     ? "Backspace undoes it, Esc closes"
           : g.stage == MIEN_UI_GUIDE_REVIEW ? "Click a gesture to do it again. Enter keeps the "
                                               "ranges, Esc discards them."
                                             : "Right arrow skips, Backspace goes back, Esc "
                                               "discards everything.";
}

} // namespace

mien_edges mien_ui_page(const mien_ui *ui, const mien_ui_controls *c, int width_px, int height_px)
{
    float ratio = ui->pixel_ratio;
    if (c->guide.stage == MIEN_UI_GUIDE_OFF) {
        mien_edges e = mien_ui_place(ui, c, (float)width_px / ratio, (float)height_px / ratio);
        return {e.left * ratio, e.top * ratio, e.right * ratio, e.bottom * ratio};
    }
    float em = roundf(13 * ui->scale);
    form f = form_of((float)width_px / em, (float)height_px / em);
    mien_edges e = {};
    e.right = f == COLUMN ? roundf(wide_em * em) : 0;
    e.bottom = f == COLUMN ? 0 : roundf((f == BELOW ? full_em : strip_em) * em);
    return e;
}

void mien_ui_guide_page(mien_ui *ui, const mien_ui_controls *c)
{
    const mien_ui_guide &g = c->guide;
    if (g.stage == MIEN_UI_GUIDE_OFF) {
        return;
    }
    ImGuiIO &io = ImGui::GetIO();
    float em = ImGui::GetFontSize();
    form f = form_of(io.DisplaySize.x / em, io.DisplaySize.y / em);
    float w = f == COLUMN ? wide_em * em : io.DisplaySize.x;
    float h = f == COLUMN ? io.DisplaySize.y : f == BELOW ? full_em * em : strip_em * em;
    if (f == COLUMN) { // as high as what it holds, in the column's middle
        h = std::min(h, (full_em + 1.5f) * em);
    }
    float y = f == COLUMN ? (io.DisplaySize.y - h) / 2 : io.DisplaySize.y - h;
    ImGui::SetNextWindowPos(ImVec2(io.DisplaySize.x - w, y), ImGuiCond_Always);
    ImGui::SetNextWindowSize(ImVec2(w, h), ImGuiCond_Always);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0);
    if (ImGui::Begin("calibration", nullptr,
                     ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                         ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoNav |
                         ImGuiWindowFlags_NoFocusOnAppearing)) {
        bool learning = g.stage == MIEN_UI_GUIDE_READY || g.stage == MIEN_UI_GUIDE_STEP;
        if (f != STRIP) {
            ImGui::TextDisabled("Calibration: %d of %d seen", number_seen(g), g.rows);
        }
        float y = ImGui::GetCursorPosY();
        ImGui::SetWindowFontScale(f == STRIP ? 1.1f : 1.3f);
        ImGui::PushTextWrapPos(0);
        ImGui::TextColored(learning && !g.face ? mien_ui_amber
                                               : ImGui::GetStyleColorVec4(ImGuiCol_Text),
                           "%s", what_to_do(g));
        ImGui::PopTextWrapPos();
        ImGui::SetWindowFontScale(1);
        if (f == COLUMN) { // one line of text or two: the rest stands still
            ImGui::SetCursorPosY(y + 3.4f * em);
        }
        if (learning) {
            draw_progress(g);
        } else if (f != STRIP) {
            ImGui::Dummy(ImVec2(1, 1.1f * em));
        }
        if (f == STRIP) {
            ticks(g);
        } else {
            rows(c);
        }
        choices(c, ui->guide_key, ui->close_all);
        ui->guide_key = 0;
        if (f != STRIP) {
            ImGui::PushStyleColor(ImGuiCol_Text, mien_ui_dim);
            ImGui::TextWrapped("%s", key_words(g));
            ImGui::PopStyleColor();
        }
    }
    ImGui::End();
    ImGui::PopStyleVar(2);
}
