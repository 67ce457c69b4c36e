// What the menus hold: switches, sliders, lists, with the keys that do the same beside them.
#include "view/ui_parts.hh"

extern "C" {
#include "view/actions.h"
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

// Asks for what shows its outcome here, without a notice.
void ask(const mien_ui_controls *c, enum mien_action_id id, double number = 0)
{
    mien_action a = {};
    a.id = id;
    a.quiet = true;
    a.number = number;
    mien_inbox_put(c->actions, &a);
}

void toggle(const mien_ui_controls *c, enum mien_action_id id, bool value)
{
    if (ImGui::Checkbox(mien_action_words(id), &value)) {
        ask(c, id);
    }
    key_hint(mien_action_label(id));
}

void button(const mien_ui_controls *c, enum mien_action_id id, const char *words = nullptr)
{
    if (ImGui::Selectable(words ? words : mien_action_words(id), false, 0,
                          ImVec2(ImGui::GetFontSize() * 16, 0))) {
        mien_action_ask(c->actions, id);
    }
    key_hint(mien_action_label(id));
}

void slide(const mien_ui_controls *c, enum mien_action_id id, float value, float max,
           const char *format)
{
    if (ImGui::SliderFloat(mien_action_words(id), &value, 0, max, format,
                           ImGuiSliderFlags_AlwaysClamp)) {
        ask(c, id, value);
    }
}

void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

} // namespace

void mien_ui_ask_source(const mien_ui_controls *c, const char *uri, int w, int h, int fps)
{
    mien_action a = {};
    a.id = MIEN_ACTION_SOURCE;
    copy(a.text, sizeof(a.text), uri);
    a.width = w;
    a.height = h;
    a.fps = fps;
    mien_inbox_put(c->actions, &a);
}

namespace {

void source_part(const mien_ui_controls *c)
{
    char text[160];
    for (int i = 0; i < c->cameras; i++) {
        const mien_ui_camera *k = &c->camera[i];
        ImGui::PushID(i);
        if (ImGui::RadioButton(k->name, i == c->camera_now) && !k->problem[0]) {
            mien_ui_ask_source(c, k->device, 0, 0, 0);
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
        const mien_ui_camera *k = &c->camera[c->camera_now];
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
                    mien_ui_ask_source(c, k->device, o->width, o->height, (int)lroundf(o->fps));
                }
            }
            ImGui::EndCombo();
        }
    } else if (c->info && c->info->source && c->width > 0) {
        ImGui::TextDisabled("showing %s, %d × %d", c->info->source, c->width, c->height);
    }
    if (c->camera_now >= 0) {
        button(c, MIEN_ACTION_CAMERA_PAGE);
    }
    button(c, MIEN_ACTION_RESCAN);
    ImGui::Separator();
    button(c, MIEN_ACTION_OPEN);
    button(c, MIEN_ACTION_DEMO);
    ImGui::Separator();
    toggle(c, MIEN_ACTION_MIRROR, c->settings->mirror);
    toggle(c, MIEN_ACTION_PAUSE, c->info && c->info->paused);
}

// Channels of the curves: ready-made sets, then every channel.
void curves_part(const mien_ui_controls *c)
{
    char text[48];
    snprintf(text, sizeof(text), "%d channel%s", c->curves->count,
             c->curves->count == 1 ? "" : "s");
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 12);
    if (ImGui::BeginCombo("in the curves", text, ImGuiComboFlags_HeightLarge)) {
        for (int i = 0; i < mien_traces_sets(); i++) {
            if (ImGui::Selectable(mien_traces_set_name(i))) {
                ask(c, MIEN_ACTION_SET_CHANNELS, i);
            }
        }
        ImGui::Separator();
        for (int i = 0; i < mien_traces_channels(); i++) {
            bool on = mien_traces_has(c->curves, i);
            bool room = on || c->curves->count < MIEN_TRACES_MAX;
            if (ImGui::Selectable(mien_traces_channel_name(i), on,
                                  ImGuiSelectableFlags_DontClosePopups |
                                      (room ? 0 : ImGuiSelectableFlags_Disabled))) {
                ask(c, MIEN_ACTION_CHANNEL, i);
            }
            const char *note = mien_traces_channel_note(i);
            if (*note) {
                key_hint(note);
            }
        }
        ImGui::EndCombo();
    }
    key_hint(mien_action_label(MIEN_ACTION_CHANNELS));
}

void preset_part(mien_ui *ui, const mien_ui_controls *c)
{
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 9);
    if (ImGui::BeginCombo("##preset", c->preset[0] ? c->preset : "preset …")) {
        for (int i = 0; i < c->presets; i++) {
            if (ImGui::Selectable(c->preset_name[i], !strcmp(c->preset, c->preset_name[i]))) {
                mien_action_ask_text(c->actions, MIEN_ACTION_PRESET, c->preset_name[i]);
            }
        }
        ImGui::EndCombo();
    }
    ImGui::SameLine();
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 9);
    if (ImGui::InputTextWithHint("##keep", "save as …", ui->preset, sizeof(ui->preset),
                                 ImGuiInputTextFlags_EnterReturnsTrue) &&
        ui->preset[0]) {
        mien_action_ask_text(c->actions, MIEN_ACTION_SAVE_PRESET, ui->preset);
        ui->preset[0] = 0;
    }
}

void view_part(mien_ui *ui, const mien_ui_controls *c)
{
    const mien_view_settings *s = c->settings;
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, // the longest menu, in the smallest window
                        ImVec2(ImGui::GetStyle().ItemSpacing.x, ImGui::GetFontSize() * 0.15f));
    ImGui::TextDisabled("drawn over the face: m, M");
    for (int m = 0; m < MIEN_VIEW_MODES; m++) {
        const mien_view_mode_row *row = mien_view_mode_at(m);
        if (ImGui::RadioButton(row->label, s->mode == m)) {
            ask(c, MIEN_ACTION_SET_MODE, m);
        }
        ImGui::SameLine(ImGui::GetFontSize() * 9);
        ImGui::TextDisabled("%s", row->what);
    }
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 12);
    slide(c, MIEN_ACTION_OPACITY, 100 * (1 - s->fade), 100, "%.0f %%");
    key_hint("[ ]");
    ImGui::Separator();
    toggle(c, MIEN_ACTION_HEAD, s->head);
    toggle(c, MIEN_ACTION_POINTS, s->points);
    toggle(c, MIEN_ACTION_AXES, s->axes);
    ImGui::Separator();
    static const char *const levels[] = {"nothing", "one line", "all figures"};
    ImGui::TextDisabled("status:");
    for (int i = 0; i < MIEN_HUD_LEVELS; i++) {
        ImGui::SameLine();
        if (ImGui::RadioButton(levels[i], s->hud == i)) {
            ask(c, MIEN_ACTION_SET_HUD, i);
        }
    }
    key_hint(mien_action_label(MIEN_ACTION_HUD));
    toggle(c, MIEN_ACTION_BARS, s->bars);
    toggle(c, MIEN_ACTION_CURVES, s->curves);
    if (c->curves) {
        curves_part(c);
    }
    button(c, MIEN_ACTION_FULLSCREEN);
    preset_part(ui, c);
    ImGui::PopStyleVar();
}

// A picture of the thing on a head, to be put on or taken off; a star and its name below.
void prop_cell(const mien_ui_controls *c, int i, float size)
{
    float em = ImGui::GetFontSize();
    bool worn = c->prop == i || c->also[i];
    ImGui::PushID(i);
    ImGui::BeginGroup();
    ImVec2 at = ImGui::GetCursorScreenPos(), end(at.x + size, at.y + size);
    if (ImGui::Selectable("##wear", false, ImGuiSelectableFlags_DontClosePopups,
                          ImVec2(size, size))) {
        ask(c, MIEN_ACTION_WEAR_TOO, i);
    }
    bool over = ImGui::IsItemHovered() || ImGui::IsItemFocused();
    ImDrawList *d = ImGui::GetWindowDrawList();
    if (c->prop_picture[i]) {
        d->AddImage((ImTextureID)(intptr_t)c->prop_picture[i], at, end);
    } else {
        d->AddRectFilled(at, end, IM_COL32(255, 255, 255, 18), 3);
    }
    if (worn || over) {
        d->AddRect(at, end, worn ? ImGui::GetColorU32(mien_ui_accent) : IM_COL32_WHITE, 3, 0,
                   worn ? 2.5f : 1);
    }
    if (worn) {
        ImVec2 tick(end.x - 1.3f * em, end.y - 1.3f * em);
        d->AddRectFilled(tick, end, ImGui::GetColorU32(mien_ui_accent), 3);
        d->AddText(ImVec2(tick.x + 0.25f * em, tick.y + 0.1f * em), IM_COL32(10, 20, 20, 255),
                   "\u2713");
    }
    if (ImGui::Selectable(c->favourite[i] ? "\u2605" : "\u2606", false,
                          ImGuiSelectableFlags_DontClosePopups, ImVec2(em, 0))) {
        ask(c, MIEN_ACTION_FAVOURITE, i);
    }
    if (ImGui::IsItemHovered()) {
        ImGui::SetTooltip("%s", mien_action_words(MIEN_ACTION_FAVOURITE));
    }
    ImGui::SameLine(0, 0.3f * em);
    ImVec2 name = ImGui::GetCursorScreenPos();
    ImGui::PushClipRect(name, ImVec2(end.x, name.y + 2 * em), true);
    ImGui::TextColored(worn ? mien_ui_accent : ImGui::GetStyleColorVec4(ImGuiCol_Text), "%s",
                       c->prop_name[i]);
    ImGui::PopClipRect();
    ImGui::SetCursorScreenPos(ImVec2(at.x, name.y + 1.3f * em));
    ImGui::Dummy(ImVec2(size, 0));
    ImGui::EndGroup();
    ImGui::PopID();
}

// Favourites first. Scrolls where the window is small.
void prop_part(mien_ui *ui, const mien_ui_controls *c)
{
    float em = ImGui::GetFontSize(), size = 6.2f * em, gap = 0.6f * em;
    bool page = ui->page.right > 0 || ui->page.bottom > 0; // which scrolls itself
    ImVec2 room = ImGui::GetIO().DisplaySize;
    float wide = page ? ImGui::GetContentRegionAvail().x : fminf(0.86f * room.x - 2 * em, 29 * em);
    int columns = (int)((wide + gap) / (size + gap));
    columns = columns < 1 ? 1 : columns > 5 ? 5 : columns;
    int rows = (c->props - 1 + columns - 1) / columns, n = 0;
    float all = (float)rows * (size + 2.1f * em),
          high = page ? all : fminf(all, fmaxf(room.y - 13 * em, 8 * em));
    float bar = high < all ? ImGui::GetStyle().ScrollbarSize : 0;
    ui->browsing = true;
    button(c, MIEN_ACTION_WEAR, "Take everything off");
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(gap, 0.3f * em));
    ImGui::BeginChild("things", ImVec2((float)columns * (size + gap) + bar, high), false);
    for (int wanted = 1; wanted >= 0; wanted--) {
        for (int i = 1; i < c->props; i++) {
            if (c->favourite[i] == (wanted == 1)) {
                if (n % columns) {
                    ImGui::SameLine((float)(n % columns) * (size + gap));
                }
                n++;
                prop_cell(c, i, size);
            }
        }
    }
    ImGui::EndChild();
    ImGui::PopStyleVar();
    toggle(c, MIEN_ACTION_LIGHT, c->light);
    ImGui::TextDisabled("your own: ~/.local/share/mien/props");
}

void track_part(const mien_ui_controls *c)
{
    float wide = ImGui::GetFontSize() * 11;
    int faces = c->faces;
    ImGui::SetNextItemWidth(wide);
    if (ImGui::SliderInt(mien_action_words(MIEN_ACTION_FACES), &faces, 1, MIEN_FACES_MAX, "%d",
                         ImGuiSliderFlags_AlwaysClamp)) {
        ask(c, MIEN_ACTION_FACES, faces);
    }
    key_hint("1…8");
    ImGui::TextDisabled("click a face to see its figures; next face: %s",
                        mien_action_label(MIEN_ACTION_FIGURES));
    ImGui::SetNextItemWidth(wide);
    slide(c, MIEN_ACTION_SMOOTHING, c->filter, 4, c->filter <= 0 ? "none" : "× %.1f");
    key_hint("- +");
    ImGui::SetNextItemWidth(wide);
    slide(c, MIEN_ACTION_FOV, c->fov_deg, 120, c->fov_deg < 1 ? "unknown" : "%.0f°");
    key_hint(", .");
    toggle(c, MIEN_ACTION_QUALITY, c->quality);
    ImGui::SetNextItemWidth(wide);
    if (ImGui::BeginCombo(mien_action_words(MIEN_ACTION_SET_NETWORK),
                          c->network_name[c->network])) {
        for (int i = 0; i < c->networks; i++) {
            if (ImGui::Selectable(c->network_name[i], i == c->network)) {
                ask(c, MIEN_ACTION_SET_NETWORK, i);
            }
        }
        ImGui::EndCombo();
    }
    key_hint(mien_action_label(MIEN_ACTION_NETWORK));
    ImGui::Separator();
    button(c, MIEN_ACTION_NEUTRAL);
    button(c, MIEN_ACTION_FORGET);
    ImGui::Separator();
    button(c, MIEN_ACTION_LEARN);
    toggle(c, MIEN_ACTION_RANGE, c->profile_on && c->profile_known);
    ImGui::TextDisabled(c->profile_known ? "makes your blink and smile full ones"
                                         : "takes a minute: at rest, then ten gestures");
}

// Without the folder it is in, which may be long.
void file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    ImGui::TextDisabled("%s", slash ? slash + 1 : path);
}

// Whose sound a recording has.
void sound_part(const mien_ui_controls *c)
{
    static const char *const always[][2] = {{"off", "none"},
                                            {"default", "the system's microphone"}};
    const char *now = c->sound[0] ? c->sound : always[0][1];
    for (auto &row : always) {
        now = strcmp(c->sound, row[0]) ? now : row[1];
    }
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 13);
    if (!ImGui::BeginCombo("sound", now)) {
        return;
    }
    if (ImGui::IsWindowAppearing()) {
        ask(c, MIEN_ACTION_MICROPHONES);
    }
    for (auto &row : always) {
        if (ImGui::Selectable(row[1], !strcmp(c->sound, row[0]))) {
            mien_action_ask_text(c->actions, MIEN_ACTION_SOUND, row[0]);
        }
    }
    for (int i = 0; i < c->microphones; i++) {
        if (ImGui::Selectable(c->microphone[i], !strcmp(c->sound, c->microphone[i]))) {
            mien_action_ask_text(c->actions, MIEN_ACTION_SOUND, c->microphone[i]);
        }
    }
    ImGui::EndCombo();
}

void record_part(mien_ui *ui, const mien_ui_controls *c)
{
    const char *report = nullptr;
    for (int i = 0; i < c->sinks; i++) {
        if (c->sink[i].on && !strncmp(c->sink[i].spec, "report:", 7)) {
            report = c->sink[i].spec + 7;
        }
    }
    button(c, MIEN_ACTION_SCREENSHOT);
    button(c, MIEN_ACTION_SAVE_HEAD);
    button(c, MIEN_ACTION_RECORD, c->recording ? "Stop recording" : nullptr);
    if (c->recording) {
        int s = (int)c->recorded_s;
        ImGui::TextColored(mien_ui_warm, "● %d:%02d", s / 60, s % 60);
        ImGui::SameLine();
        ImGui::Text("%.1f MB", (double)c->recorded_bytes / 1e6);
        file_name(c->record_path);
    }
    sound_part(c);
    ImGui::Separator();
    button(c, MIEN_ACTION_REPORT, report ? "Finish the report" : nullptr);
    if (report) {
        file_name(report);
    }
    button(c, MIEN_ACTION_MARK);
    ImGui::Separator();
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 16);
    if (!ui->typed) {
        copy(ui->files, sizeof(ui->files), c->folder);
    }
    ui->typed |=
        ImGui::InputTextWithHint("##folder", "the current folder", ui->files, sizeof(ui->files));
    ui->typing |= ImGui::IsItemActive();
    ImGui::TextDisabled("where files are saved");
}

// One output's own choice.
void programme_of(const mien_ui_controls *c, const char *label, enum mien_action_id id, int now)
{
    static const char *const names[MIEN_PROGRAMMES + 1] = {
        "the same", "with what is worn", "the picture alone", "everything I see", "the avatar"};
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 10);
    if (ImGui::BeginCombo(label, names[now])) {
        for (int i = 0; i <= MIEN_PROGRAMMES; i++) {
            if (i == MIEN_PROGRAMME_AVATAR + 1 && !c->avatar[0]) {
                continue;
            }
            if (ImGui::Selectable(names[i], i == now)) {
                ask(c, id, i);
            }
        }
        ImGui::EndCombo();
    }
}

void audience_part(const mien_ui_controls *c)
{
    static const char *const programmes[MIEN_PROGRAMMES] = {"the picture with what is worn",
                                                            "the picture alone", "everything I see",
                                                            "the avatar, not the picture"};
    ImGui::TextDisabled("others get:");
    for (int i = 0; i < MIEN_PROGRAMMES; i++) {
        if (i == MIEN_PROGRAMME_AVATAR && !c->avatar[0]) {
            continue;
        }
        if (ImGui::RadioButton(programmes[i], c->programme == i)) {
            ask(c, MIEN_ACTION_SET_PROGRAMME, i);
        }
        if (i == 0) {
            key_hint(mien_action_label(MIEN_ACTION_PROGRAMME));
        }
    }
    programme_of(c, "virtual camera", MIEN_ACTION_SET_CAMERA_PROGRAMME, c->camera_programme);
    programme_of(c, "second window##of", MIEN_ACTION_SET_WINDOW_PROGRAMME, c->window_programme);
    ImGui::Separator();
    toggle(c, MIEN_ACTION_AUDIENCE, c->audience);
    if (c->audience) {
        button(c, MIEN_ACTION_AUDIENCE_FULLSCREEN);
        button(c, MIEN_ACTION_AUDIENCE_SCREEN);
    }
    button(c, MIEN_ACTION_PRESENT);
}

void send_part(mien_ui *ui, const mien_ui_controls *c)
{
    static const char *const where[MIEN_TRAFFICS] = {"stays here", "file", "network",
                                                     "virtual camera"};
    if (!c->sinks) {
        ImGui::TextDisabled("nothing leaves this program");
    }
    for (int i = 0; i < c->sinks; i++) {
        ImGui::PushID(i);
        bool on = c->sink[i].on;
        if (ImGui::Checkbox(c->sink[i].spec, &on)) {
            ask(c, MIEN_ACTION_OUTPUT, i);
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
        mien_action_ask_text(c->actions, MIEN_ACTION_ADD_OUTPUT, ui->spec);
        ui->spec[0] = 0;
    }
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 14);
    if (ImGui::BeginCombo("##kinds", "or choose …", ImGuiComboFlags_HeightLarge)) {
        for (int i = 0; i < c->offers; i++) {
            if (ImGui::Selectable(c->offer[i].spec)) { // to be changed before it is added
                copy(ui->spec, sizeof(ui->spec), c->offer[i].spec);
            }
            ImGui::SameLine(ImGui::GetFontSize() * 13);
            ImGui::TextDisabled("%s", c->offer[i].what);
        }
        ImGui::EndCombo();
    }
    ImGui::TextDisabled("to another computer: vmc:192.168.0.7:39539");
}

// How a figure is drawn, and where.
void figure_part(const mien_ui_controls *c)
{
    static const char *const looks[MIEN_FIGURE_LOOKS] = {"textured", "clay", "wireframe"};
    const mien_stage_settings *s = &c->settings->stage;
    for (int i = 0; i < MIEN_FIGURE_LOOKS; i++) {
        if (i) {
            ImGui::SameLine();
        }
        if (ImGui::RadioButton(looks[i], s->look == i)) {
            ask(c, MIEN_ACTION_SET_FIGURE, i);
        }
    }
    toggle(c, MIEN_ACTION_BESIDE, s->beside);
    toggle(c, MIEN_ACTION_LIT, s->lit);
    button(c, MIEN_ACTION_FRONT);
}

void avatar_part(const mien_ui_controls *c)
{
    const mien_stage_settings *s = &c->settings->stage;
    static const char *const shown[MIEN_STAGES] = {"the picture alone", "the avatar", "my head"};
    for (int i = 0; i < MIEN_STAGES; i++) {
        if ((i != MIEN_STAGE_AVATAR || c->avatar[0]) &&
            ImGui::RadioButton(shown[i], s->shows == i)) {
            ask(c, MIEN_ACTION_SET_STAGE, i);
        }
        if (i == MIEN_STAGE_HEAD) {
            key_hint(mien_action_label(MIEN_ACTION_MY_HEAD));
        }
    }
    key_hint(mien_action_label(MIEN_ACTION_STAGE));
    ImGui::Separator();
    if (c->avatar[0]) {
        file_name(c->avatar);
        ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + ImGui::GetFontSize() * 20);
        ImGui::TextDisabled("%s", c->avatar_can);
        ImGui::PopTextWrapPos();
        if (ImGui::Button("Remove the avatar")) {
            mien_action_ask_text(c->actions, MIEN_ACTION_AVATAR, "");
        }
        ImGui::SameLine();
    }
    if (ImGui::Button(c->avatar[0] ? "Another …" : "Choose an avatar (VRM, glTF) …")) {
        mien_action_ask(c->actions, MIEN_ACTION_OPEN);
    }
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 9);
    if (ImGui::BeginCombo("background", c->ground)) {
        static const char *const grounds[] = {"grey", "black", "white", "green", "blue"};
        for (const char *g : grounds) {
            if (ImGui::Selectable(g, !strcmp(g, c->ground))) {
                mien_action_ask_text(c->actions, MIEN_ACTION_GROUND, g);
            }
        }
        ImGui::EndCombo();
    }
    ImGui::Separator();
    figure_part(c);
    ImGui::Separator();
    button(c, MIEN_ACTION_SAVE_HEAD);
    button(c, MIEN_ACTION_SAVE_HEAD_OBJ);
}

void help_part(const mien_ui_controls *c)
{
    button(c, MIEN_ACTION_TOGGLE_HELP);
    button(c, MIEN_ACTION_SETTINGS);
    ImGui::Separator();
    ImGui::TextDisabled("mien uses no network and writes no pictures");
    ImGui::TextDisabled("unless asked to; a lamp shows when it does.");
    ImGui::Separator();
    button(c, MIEN_ACTION_QUIT);
}

} // namespace

// One control, as wide as there is room for it and its name.
static void control_row(const mien_ui_controls *c, const mien_control *k)
{
    int value = k->value;
    bool set = false;
    if (k->kind == MIEN_CONTROL_SWITCH) {
        bool on = value != 0;
        set = ImGui::Checkbox(k->name, &on);
        value = on;
    } else if (k->kind == MIEN_CONTROL_NUMBER) {
        ImGui::SetNextItemWidth(ImGui::GetFontSize() * 11);
        set = ImGui::SliderInt(k->name, &value, k->min, k->max, "%d", ImGuiSliderFlags_AlwaysClamp);
        value = k->min + (value - k->min) / k->step * k->step;
    } else {
        const char *now = "";
        for (int i = 0; i < k->items; i++) {
            now = k->item[i].value == value ? k->item[i].name : now;
        }
        ImGui::SetNextItemWidth(ImGui::GetFontSize() * 11);
        if (ImGui::BeginCombo(k->name, now)) {
            for (int i = 0; i < k->items; i++) {
                if (ImGui::Selectable(k->item[i].name, k->item[i].value == k->value)) {
                    value = k->item[i].value;
                    set = true;
                }
            }
            ImGui::EndCombo();
        }
    }
    if (set && value != k->value) {
        char text[64];
        snprintf(text, sizeof(text), "%s=%d", k->key, value);
        mien_action_ask_text(c->actions, MIEN_ACTION_SET_CONTROL, text);
    }
}

void mien_ui_camera_page(const mien_ui_controls *c)
{
    if (ImGui::Button(mien_action_words(MIEN_ACTION_HOLD_RATE))) {
        mien_action_ask(c->actions, MIEN_ACTION_HOLD_RATE);
    }
    const ImGuiStyle &g = ImGui::GetStyle();
    const char *reset = mien_action_words(MIEN_ACTION_RESET_CONTROLS);
    float ends = ImGui::GetItemRectMax().x + g.ItemSpacing.x + ImGui::CalcTextSize(reset).x +
                 2 * g.FramePadding.x;
    if (ends <= ImGui::GetWindowPos().x + ImGui::GetContentRegionMax().x) {
        ImGui::SameLine();
    }
    if (ImGui::Button(reset)) {
        mien_action_ask(c->actions, MIEN_ACTION_RESET_CONTROLS);
    }
    ImGui::Separator();
    if (!c->camera_controls) {
        ImGui::TextDisabled("this camera has no controls");
    }
    for (int i = 0; i < c->camera_controls; i++) {
        const mien_control *k = &c->camera_control[i];
        ImGui::PushID(i);
        ImGui::BeginDisabled(k->ruled || k->fixed);
        control_row(c, k);
        ImGui::EndDisabled();
        ImGui::PopID();
    }
}

void mien_ui_part(mien_ui *ui, const mien_ui_controls *c, int which)
{
    switch (which) {
    case MIEN_UI_SOURCE:
        return source_part(c);
    case MIEN_UI_VIEW:
        return view_part(ui, c);
    case MIEN_UI_PROP:
        return prop_part(ui, c);
    case MIEN_UI_TRACK:
        return track_part(c);
    case MIEN_UI_RECORD:
        return record_part(ui, c);
    case MIEN_UI_AUDIENCE:
        return audience_part(c);
    case MIEN_UI_SEND:
        return send_part(ui, c);
    case MIEN_UI_HEAD:
        return avatar_part(c);
    default:
        return help_part(c);
    }
}

void mien_ui_head_part(const mien_ui_controls *c)
{
    static const char *const sides[MIEN_UI_SIDES] = {"straight", "left", "right", "up", "down"};
    const mien_stage_settings *s = &c->settings->stage;
    int seen = 0;
    for (int i = 0; i < MIEN_UI_SIDES; i++) {
        seen += c->head_seen[i];
        if (i) {
            ImGui::SameLine();
        }
        ImGui::TextColored(c->head_seen[i] ? mien_ui_accent : mien_ui_dim, "%s %s",
                           c->head_seen[i] ? "●" : "–", sides[i]);
    }
    if (c->head_busy) {
        ImGui::TextColored(mien_ui_amber, "building your head from %d views …", c->head_looks);
    } else if (!c->head_there) {
        ImGui::TextColored(mien_ui_amber, "look straight into the camera");
    } else {
        ImGui::TextDisabled(seen < MIEN_UI_SIDES ? "turn slowly towards the sides without a dot"
                                                 : "seen from all sides: save it, or go on");
    }
    ImGui::Separator();
    figure_part(c);
    toggle(c, MIEN_ACTION_REST, s->rest);
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 9);
    slide(c, MIEN_ACTION_MEAN, 100 * s->mean, 100, "%.0f %%");
    ImGui::Separator();
    if (ImGui::Button("Save (GLB)")) {
        mien_action_ask(c->actions, MIEN_ACTION_SAVE_HEAD);
    }
    ImGui::SameLine();
    if (ImGui::Button("Save (OBJ)")) {
        mien_action_ask(c->actions, MIEN_ACTION_SAVE_HEAD_OBJ);
    }
    ImGui::SameLine();
    if (ImGui::Button("Close  (y)")) {
        mien_action_ask(c->actions, MIEN_ACTION_MY_HEAD);
    }
}
