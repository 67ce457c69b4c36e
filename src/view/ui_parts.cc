// What the menus hold: switches, sliders, lists, with the keys that do the same beside them.
#include "view/ui_parts.hh"

extern "C" {
#include "view/keys.h"
#include "view/traces.h"
}

#include <math.h>
#include <stdio.h>
#include <string.h>

namespace {

void key_hint(const char *key)
{
    if (key && *key) {
        ImGui::SameLine();
        ImGui::TextDisabled("  %s", key);
    }
}

bool toggle(const char *label, const char *key, bool *value)
{
    bool did = ImGui::Checkbox(label, value);
    key_hint(key);
    return did;
}

bool action(const char *label, const char *key)
{
    bool did = ImGui::Selectable(label, false, 0, ImVec2(ImGui::GetFontSize() * 16, 0));
    key_hint(key);
    return did;
}

void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

} // namespace

void mien_ui_ask_open(mien_ui_controls *c, const char *uri, int w, int h, int fps)
{
    c->ask.open = true;
    copy(c->ask.open_uri, sizeof(c->ask.open_uri), uri);
    c->ask.open_w = w;
    c->ask.open_h = h;
    c->ask.open_fps = fps;
}

namespace {

bool source_part(mien_ui *ui, mien_ui_controls *c)
{
    bool did = false;
    char text[160];
    for (int i = 0; i < c->cameras; i++) {
        mien_ui_camera *k = &c->camera[i];
        ImGui::PushID(i);
        if (ImGui::RadioButton(k->name, i == c->camera_now) && !k->problem[0]) {
            mien_ui_ask_open(c, k->device, 0, 0, 0);
            did = true;
        }
        key_hint(k->device);
        if (k->problem[0]) {
            ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + ImGui::GetFontSize() * 22);
            ImGui::TextColored(mien_ui_amber, "%s", k->problem);
            ImGui::PopTextWrapPos();
        }
        ImGui::PopID();
    }
    if (!c->cameras) {
        ImGui::TextDisabled("no camera found");
    }
    if (c->camera_now >= 0) {
        mien_ui_camera *k = &c->camera[c->camera_now];
        snprintf(text, sizeof(text), "%d × %d, %.0f per second", c->width, c->height,
                 (double)c->fps);
        ImGui::SetNextItemWidth(ImGui::GetFontSize() * 15);
        if (ImGui::BeginCombo("size and rate", text)) {
            for (int m = 0; m < k->modes; m++) {
                const mien_ui_camera_mode *o = &k->mode[m];
                bool now = o->width == c->width && o->height == c->height;
                snprintf(text, sizeof(text), "%d × %d, %.0f per second", o->width, o->height,
                         (double)o->fps);
                if (ImGui::Selectable(text, now)) {
                    mien_ui_ask_open(c, k->device, o->width, o->height, (int)lroundf(o->fps));
                    did = true;
                }
            }
            ImGui::EndCombo();
        }
    } else if (c->info && c->info->source && c->width > 0) {
        ImGui::TextDisabled("showing %s, %d × %d", c->info->source, c->width, c->height);
    }
    if (action("Look for cameras again", "")) {
        c->ask.rescan = did = true;
    }
    ImGui::Separator();
    if (action("Open a picture or video…", mien_key_label(MIEN_ACTION_OPEN))) {
        ui->open_asked = did = true;
    }
    if (action("Play the demo clip", mien_key_label(MIEN_ACTION_DEMO))) {
        c->ask.demo = did = true;
    }
    ImGui::Separator();
    did |= toggle("mirror", mien_key_label(MIEN_ACTION_MIRROR), &c->settings->mirror);
    bool paused = c->info && c->info->paused;
    if (toggle("pause", mien_key_label(MIEN_ACTION_PAUSE), &paused)) {
        c->ask.pause = did = true;
    }
    return did;
}

// Channels of the curves: ready-made sets, then every channel.
bool curves_part(mien_ui_controls *c)
{
    bool did = false;
    char text[48];
    snprintf(text, sizeof(text), "%d channel%s", c->curves->count,
             c->curves->count == 1 ? "" : "s");
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 12);
    if (ImGui::BeginCombo("in the curves", text, ImGuiComboFlags_HeightLarge)) {
        for (int i = 0; i < mien_traces_sets(); i++) {
            if (ImGui::Selectable(mien_traces_set_name(i))) {
                mien_traces_set(c->curves, i);
                did = c->settings->curves = true;
            }
        }
        ImGui::Separator();
        for (int i = 0; i < mien_traces_channels(); i++) {
            bool on = mien_traces_has(c->curves, i);
            bool room = on || c->curves->count < MIEN_TRACES_MAX;
            if (ImGui::Selectable(mien_traces_channel_name(i), on,
                                  ImGuiSelectableFlags_DontClosePopups |
                                      (room ? 0 : ImGuiSelectableFlags_Disabled))) {
                mien_traces_toggle(c->curves, i);
                did = c->settings->curves = true;
            }
            const char *note = mien_traces_channel_note(i);
            if (*note) {
                key_hint(note);
            }
        }
        ImGui::EndCombo();
    }
    key_hint(mien_key_label(MIEN_ACTION_CHANNELS));
    return did;
}

bool view_part(mien_ui_controls *c)
{
    mien_view_settings *s = c->settings;
    bool did = false;
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, // the longest menu, in the smallest window
                        ImVec2(ImGui::GetStyle().ItemSpacing.x, ImGui::GetFontSize() * 0.15f));
    ImGui::TextDisabled("over the face: m, back with M");
    for (int m = 0; m < MIEN_VIEW_MODES; m++) {
        const mien_view_mode_row *row = mien_view_mode_at(m);
        if (ImGui::RadioButton(row->label, s->mode == m)) {
            s->mode = (enum mien_view_mode)m;
            did = true;
        }
        ImGui::SameLine(ImGui::GetFontSize() * 9);
        ImGui::TextDisabled("%s", row->what);
    }
    float opacity = 100 * (1 - s->fade);
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 12);
    if (ImGui::SliderFloat("opacity", &opacity, 0, 100, "%.0f %%", ImGuiSliderFlags_AlwaysClamp)) {
        s->fade = 1 - opacity / 100;
        did = true;
    }
    key_hint("[ ]");
    ImGui::Separator();
    did |= toggle("whole head", mien_key_label(MIEN_ACTION_HEAD), &s->head);
    did |= toggle("landmarks with uncertainty", mien_key_label(MIEN_ACTION_POINTS), &s->points);
    did |= toggle("head axes and gaze", mien_key_label(MIEN_ACTION_AXES), &s->axes);
    ImGui::Separator();
    static const char *const levels[] = {"nothing", "one line", "all figures"};
    ImGui::TextDisabled("state:");
    for (int i = 0; i < MIEN_HUD_LEVELS; i++) {
        ImGui::SameLine();
        if (ImGui::RadioButton(levels[i], s->hud == i)) {
            s->hud = (mien_hud_level)i;
            did = true;
        }
    }
    key_hint(mien_key_label(MIEN_ACTION_HUD));
    did |= toggle("blendshape bars", mien_key_label(MIEN_ACTION_BARS), &s->bars);
    did |= toggle("live curves", mien_key_label(MIEN_ACTION_CURVES), &s->curves);
    if (c->curves) {
        did |= curves_part(c);
    }
    if (action("Presentation: only what others get", mien_key_label(MIEN_ACTION_PRESENT))) {
        c->ask.present = did = true;
    }
    if (action("Full screen", mien_key_label(MIEN_ACTION_FULLSCREEN))) {
        c->ask.fullscreen = did = true;
    }
    ImGui::PopStyleVar();
    return did;
}

void wear_only(mien_ui_controls *c, int i)
{
    c->prop = i;
    memset(c->also, 0, sizeof(c->also));
}

// Puts on what is not worn, besides what is; takes off what is worn.
void toggle_worn(mien_ui_controls *c, int i)
{
    if (c->prop == i) {
        int next = 0;
        for (int k = c->props - 1; k > 0; k--) {
            next = c->also[k] ? k : next;
        }
        c->prop = next;
        c->also[next] = false;
    } else if (!c->prop) {
        c->prop = i;
    } else {
        c->also[i] = !c->also[i];
    }
}

bool prop_part(mien_ui_controls *c)
{
    bool did = false;
    ImGui::TextDisabled("one after the other: g, back with G");
    if (ImGui::RadioButton(c->prop_name[0], c->prop == 0)) {
        wear_only(c, 0);
        did = true;
    }
    for (int i = 1; i < c->props; i++) {
        bool worn = c->prop == i || c->also[i];
        if (ImGui::Checkbox(c->prop_name[i], &worn)) {
            toggle_worn(c, i);
            did = true;
        }
    }
    ImGui::Separator();
    did |= toggle("light from the face", mien_key_label(MIEN_ACTION_LIGHT), &c->light);
    ImGui::TextDisabled("own ones: glTF or PNG files in");
    ImGui::TextDisabled("~/.local/share/mien/props");
    return did;
}

bool track_part(mien_ui_controls *c)
{
    bool did = false;
    float wide = ImGui::GetFontSize() * 11;
    ImGui::SetNextItemWidth(wide);
    did |=
        ImGui::SliderInt("faces", &c->faces, 1, MIEN_FACES_MAX, "%d", ImGuiSliderFlags_AlwaysClamp);
    key_hint("1…8");
    ImGui::TextDisabled("figures are those of the face you click; next one: %s",
                        mien_key_label(MIEN_ACTION_FIGURES));
    ImGui::SetNextItemWidth(wide);
    did |= ImGui::SliderFloat("smoothing", &c->filter, 0, 4, c->filter <= 0 ? "none" : "× %.1f",
                              ImGuiSliderFlags_AlwaysClamp);
    key_hint("- +");
    ImGui::SetNextItemWidth(wide);
    did |= ImGui::SliderFloat("field of view", &c->fov_deg, 0, 120,
                              c->fov_deg < 1 ? "unknown" : "%.0f°", ImGuiSliderFlags_AlwaysClamp);
    key_hint(", .");
    did |= toggle("look twice (steadier, twice the time)", mien_key_label(MIEN_ACTION_QUALITY),
                  &c->quality);
    c->ask.tracking |= did;
    ImGui::SetNextItemWidth(wide);
    if (ImGui::BeginCombo("network", c->network_name[c->network])) {
        for (int i = 0; i < c->networks; i++) {
            if (ImGui::Selectable(c->network_name[i], i == c->network)) {
                c->network = i;
                c->ask.network = did = true;
            }
        }
        ImGui::EndCombo();
    }
    key_hint(mien_key_label(MIEN_ACTION_NETWORK));
    ImGui::Separator();
    if (action("Take this expression as neutral", mien_key_label(MIEN_ACTION_NEUTRAL))) {
        c->ask.calibrate = did = true;
    }
    if (action("Forget the neutral expression", mien_key_label(MIEN_ACTION_FORGET))) {
        c->ask.forget = did = true;
    }
    ImGui::Separator();
    if (c->profile_learning) {
        ImGui::TextColored(mien_ui_amber, "learning your range: do what is said");
    } else if (action("Learn my own range", mien_key_label(MIEN_ACTION_LEARN))) {
        c->ask.learn = did = true;
    }
    bool on = c->profile_on && c->profile_known;
    if (toggle("use my own range", mien_key_label(MIEN_ACTION_RANGE), &on)) {
        c->ask.use_profile = did = true;
    }
    if (!c->profile_known && !c->profile_learning) {
        ImGui::TextDisabled("ten seconds: at rest, then moving");
    }
    return did;
}

// Without the folder it is in, which may be long.
void file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    ImGui::TextDisabled("%s", slash ? slash + 1 : path);
}

bool record_part(mien_ui_controls *c)
{
    bool did = false;
    const char *report = nullptr;
    for (int i = 0; i < c->sinks; i++) {
        if (c->sink[i].on && !strncmp(c->sink[i].spec, "report:", 7)) {
            report = c->sink[i].spec + 7;
        }
    }
    if (action("Save a picture", mien_key_label(MIEN_ACTION_SCREENSHOT))) {
        c->ask.screenshot = did = true;
    }
    if (action("Save my head (GLB)", mien_key_label(MIEN_ACTION_SAVE_HEAD))) {
        c->ask.save_head = did = true;
    }
    if (action(c->recording ? "Stop recording" : "Start recording",
               mien_key_label(MIEN_ACTION_RECORD))) {
        c->ask.record = did = true;
    }
    if (c->recording) {
        int s = (int)c->recorded_s;
        ImGui::TextColored(mien_ui_warm, "● %d:%02d", s / 60, s % 60);
        ImGui::SameLine();
        ImGui::Text("%.1f MB", (double)c->recorded_bytes / 1e6);
        file_name(c->record_path);
    }
    static const char *const programmes[] = {"with what is worn", "alone", "with all that I see"};
    ImGui::TextDisabled("others get the picture (recordings, virtual camera):");
    for (int i = 0; i < MIEN_PROGRAMMES; i++) {
        if (ImGui::RadioButton(programmes[i], c->programme == i)) {
            c->programme = (mien_programme)i;
            did = true;
        }
        if (i == 0) {
            key_hint(mien_key_label(MIEN_ACTION_PROGRAMME));
        }
    }
    ImGui::Separator();
    if (action(report ? "Finish the report" : "Start a report",
               mien_key_label(MIEN_ACTION_REPORT))) {
        c->ask.report = did = true;
    }
    if (report) {
        file_name(report);
    }
    if (action("Set an event mark", mien_key_label(MIEN_ACTION_MARK))) {
        c->ask.mark = did = true;
    }
    ImGui::Separator();
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 16);
    did |= ImGui::InputTextWithHint("##folder", "the current folder", c->folder, sizeof(c->folder));
    c->folder_editing = ImGui::IsItemActive();
    ImGui::TextDisabled("all goes to this folder");
    return did;
}

bool send_part(mien_ui *ui, mien_ui_controls *c)
{
    static const char *const where[MIEN_TRAFFICS] = {"stays here", "file", "network",
                                                     "virtual camera"};
    bool did = false;
    if (!c->sinks) {
        ImGui::TextDisabled("nothing leaves this program");
    }
    for (int i = 0; i < c->sinks; i++) {
        ImGui::PushID(i);
        bool on = c->sink[i].on;
        if (ImGui::Checkbox(c->sink[i].spec, &on)) {
            c->ask.sink = i + 1;
            did = true;
        }
        mien_traffic traffic = c->sink[i].traffic;
        bool leaves = on && traffic != MIEN_TRAFFIC_NONE;
        ImGui::SameLine();
        ImGui::TextColored(leaves ? mien_ui_amber : mien_ui_dim, "  %s%s", leaves ? "● " : "",
                           where[traffic]);
        ImGui::PopID();
    }
    ImGui::Separator();
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 14);
    bool enter = ImGui::InputTextWithHint("##spec", "vmc, ws, jsonl:FILE …", ui->spec,
                                          sizeof(ui->spec), ImGuiInputTextFlags_EnterReturnsTrue);
    ImGui::SameLine();
    if ((ImGui::Button("Add") || enter) && ui->spec[0]) {
        copy(c->ask.sink_spec, sizeof(c->ask.sink_spec), ui->spec);
        c->ask.add_sink = did = true;
        ui->spec[0] = 0;
    }
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 14);
    if (ImGui::BeginCombo("##kinds", "or choose …", ImGuiComboFlags_HeightLarge)) {
        for (int i = 0; i < c->offers; i++) {
            if (ImGui::Selectable(c->offer[i].spec)) { // to be changed before it is added
                copy(ui->spec, sizeof(ui->spec), c->offer[i].spec);
                did = true;
            }
            ImGui::SameLine(ImGui::GetFontSize() * 13);
            ImGui::TextDisabled("%s", c->offer[i].what);
        }
        ImGui::EndCombo();
    }
    ImGui::TextDisabled("addresses: vmc:192.168.0.7:39539");
    return did;
}

bool help_part(mien_ui *ui, mien_ui_controls *c)
{
    bool did = false;
    if (action("Keys", mien_key_label(MIEN_ACTION_HELP))) {
        c->settings->help = !c->settings->help;
        did = true;
    }
    if (action("All settings", mien_key_label(MIEN_ACTION_SETTINGS))) {
        ui->settings = !ui->settings;
        did = true;
    }
    ImGui::Separator();
    ImGui::TextDisabled("mien uses no network and writes no picture");
    ImGui::TextDisabled("unless it is asked to; a lamp shows when.");
    ImGui::Separator();
    if (action("Quit", mien_key_label(MIEN_ACTION_QUIT))) {
        c->ask.quit = did = true;
    }
    return did;
}

} // namespace

bool mien_ui_part(mien_ui *ui, mien_ui_controls *c, int which)
{
    switch (which) {
    case MIEN_UI_SOURCE:
        return source_part(ui, c);
    case MIEN_UI_VIEW:
        return view_part(c);
    case MIEN_UI_PROP:
        return prop_part(c);
    case MIEN_UI_TRACK:
        return track_part(c);
    case MIEN_UI_RECORD:
        return record_part(c);
    case MIEN_UI_SEND:
        return send_part(ui, c);
    default:
        return help_part(ui, c);
    }
}
