// Menus, sliders and dialogs with Dear ImGui: menu bar, settings window, dialog, events. What the
// menus hold: view/ui_parts.cc.
#include "view/ui_parts.hh"

extern "C" {
#include "base/clock.h"
#include "base/log.h"
#include "view/actions.h"
#include "view/font.h"
}

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include <SDL2/SDL.h>
#include <backends/imgui_impl_opengl3.h>
#include <backends/imgui_impl_sdl.h>
#include <imgui.h>

namespace {

const int64_t idle_ns = 2500 * 1000000LL; // the menu bar hides when the mouse rests this long

void style(float s)
{
    ImGuiStyle &g = ImGui::GetStyle();
    g = ImGuiStyle();
    ImGui::StyleColorsDark(&g);
    g.WindowRounding = 8;
    g.PopupRounding = 6;
    g.FrameRounding = 4;
    g.GrabRounding = 4;
    g.TabRounding = 4;
    g.ScrollbarRounding = 6;
    g.WindowPadding = ImVec2(12, 10);
    g.FramePadding = ImVec2(8, 4);
    g.ItemSpacing = ImVec2(8, 6);
    g.WindowBorderSize = g.PopupBorderSize = 1;
    g.GrabMinSize = 12;
    struct {
        ImGuiCol at;
        ImVec4 color;
    } colors[] = {
        {ImGuiCol_Text, ImVec4(0.925f, 0.94f, 0.953f, 1)},
        {ImGuiCol_TextDisabled, mien_ui_dim},
        {ImGuiCol_WindowBg, ImVec4(0.055f, 0.07f, 0.09f, 1)},
        {ImGuiCol_PopupBg, ImVec4(0.055f, 0.07f, 0.09f, 1)},
        {ImGuiCol_MenuBarBg, ImVec4(0.04f, 0.055f, 0.07f, 0.86f)},
        {ImGuiCol_Border, ImVec4(1, 1, 1, 0.10f)},
        {ImGuiCol_FrameBg, ImVec4(1, 1, 1, 0.08f)},
        {ImGuiCol_FrameBgHovered, ImVec4(1, 1, 1, 0.14f)},
        {ImGuiCol_FrameBgActive, ImVec4(1, 1, 1, 0.18f)},
        {ImGuiCol_TitleBg, ImVec4(0.04f, 0.055f, 0.07f, 1)},
        {ImGuiCol_TitleBgActive, ImVec4(0.07f, 0.10f, 0.12f, 1)},
        {ImGuiCol_CheckMark, mien_ui_accent},
        {ImGuiCol_SliderGrab, mien_ui_accent},
        {ImGuiCol_SliderGrabActive, ImVec4(0.45f, 0.92f, 0.85f, 1)},
        {ImGuiCol_Button, ImVec4(0.31f, 0.82f, 0.745f, 0.22f)},
        {ImGuiCol_ButtonHovered, ImVec4(0.31f, 0.82f, 0.745f, 0.38f)},
        {ImGuiCol_ButtonActive, ImVec4(0.31f, 0.82f, 0.745f, 0.55f)},
        {ImGuiCol_Header, ImVec4(0.31f, 0.82f, 0.745f, 0.22f)},
        {ImGuiCol_HeaderHovered, ImVec4(0.31f, 0.82f, 0.745f, 0.32f)},
        {ImGuiCol_HeaderActive, ImVec4(0.31f, 0.82f, 0.745f, 0.45f)},
        {ImGuiCol_Tab, ImVec4(1, 1, 1, 0.05f)},
        {ImGuiCol_TabHovered, ImVec4(0.31f, 0.82f, 0.745f, 0.38f)},
        {ImGuiCol_TabActive, ImVec4(0.31f, 0.82f, 0.745f, 0.30f)},
        {ImGuiCol_NavHighlight, mien_ui_accent},
        {ImGuiCol_Separator, ImVec4(1, 1, 1, 0.10f)},
        {ImGuiCol_ModalWindowDimBg, ImVec4(0, 0, 0, 0.45f)},
    };
    for (auto &c : colors) {
        g.Colors[c.at] = c.color;
    }
    g.ScaleAllSizes(s);
}

// Text is baked at screen pixels and shown at window points.
void bake(mien_ui *ui)
{
    static const ImWchar range[] = {0x20,   0xff,   0x2013, 0x2026, 0x2190, 0x2193, 0x25cf,
                                    0x25cf, 0x2605, 0x2606, 0x2713, 0x2713, 0};
    ImGuiIO &io = ImGui::GetIO();
    char path[512];
    io.Fonts->Clear();
    float size = roundf(13 * ui->scale);
    if (!mien_font_path(path, sizeof(path)) ||
        !io.Fonts->AddFontFromFileTTF(path, size, nullptr, range)) {
        ImFontConfig config;
        config.SizePixels = size;
        io.Fonts->AddFontDefault(&config);
    }
    io.FontGlobalScale = 1 / ui->pixel_ratio;
    style(ui->scale / ui->pixel_ratio);
}

void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

// Wide enough for three things to wear in a row; for a tab of each menu; for one menu.
const float props_em = 23.6f, settings_em = 35.5f, menu_em = 26.5f, low_em = 30;

const char *const titles[] = {"",       "Source",   "View", "Props", "Track",
                              "Record", "Audience", "Send", "Head",  "Help"};

// Menus stand closer, then smaller, in a window that is too narrow for them. Returns the space
// between two.
float narrow_bar()
{
    const int menus = MIEN_UI_HELP;
    float text = 0, gap = ImGui::GetStyle().ItemSpacing.x, least = 0.2f * ImGui::GetFontSize();
    float room = ImGui::GetIO().DisplaySize.x - 1.5f * ImGui::GetFontSize();
    for (int i = MIEN_UI_SOURCE; i <= MIEN_UI_HELP; i++) {
        text += ImGui::CalcTextSize(titles[i]).x;
    }
    gap = std::max(std::min(gap, (room - text) / (2 * menus)), least);
    float fits = (room - 2 * menus * gap) / text;
    if (fits < 1) {
        ImGui::SetWindowFontScale(fits);
    }
    return gap;
}

// The picture goes to whichever side of the open menu shows it largest, unless it would be less
// than three tenths of what it is without: then the menu lies over it.
mien_edges beside_menu(const ImVec4 &menu, float width, float height)
{
    mien_edges e[3] = {}, best = {};
    e[0].left = menu.z;
    e[1].right = width - menu.x;
    e[2].top = menu.w;
    const float wide = 4.0f / 3; // as most pictures are
    float most = 0.3f * std::min(width, wide * (height - menu.y));
    for (const mien_edges &k : e) {
        float high = height - (k.top > 0 ? k.top : menu.y);
        float shown = std::min(width - k.left - k.right, wide * high);
        if (shown > most) {
            most = shown;
            best = k;
        }
    }
    return best;
}

// Of the window's height, at most: for a menu or a page where the picture can only be above or
// below.
const float share = 0.55f;

void menu_bar(mien_ui *ui, const mien_ui_controls *c)
{
    ImVec4 before = ui->menu_at;
    ImVec2 all = ImGui::GetIO().DisplaySize;
    ui->popup = false;
    ui->menu_at = ImVec4(0, 0, 0, 0);
    if (!ImGui::BeginMainMenuBar()) {
        return;
    }
    ImVec2 gap(narrow_bar(), ImGui::GetStyle().ItemSpacing.y);
    ui->bar_px = ImGui::GetWindowSize().y * ui->pixel_ratio;
    for (int i = MIEN_UI_SOURCE; i <= MIEN_UI_HELP; i++) {
        if (ui->menu == i) {
            ImGui::OpenPopup(titles[i]);
            ui->menu = 0;
        }
        ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, gap);
        if (i == ui->squeezed) {
            ImGui::SetNextWindowSizeConstraints(ImVec2(0, 0), ImVec2(all.x, share * all.y));
        }
        bool shown = i != MIEN_UI_PROP && ImGui::BeginMenu(titles[i]);
        if (i == MIEN_UI_PROP && ImGui::MenuItem(titles[i], nullptr, ui->wearing)) {
            mien_ui_show(ui, MIEN_UI_PROP);
        }
        ImGui::PopStyleVar();
        if (shown) {
            ui->popup = true;
            ImVec2 at = ImGui::GetWindowPos(), size = ImGui::GetWindowSize();
            ui->menu_at = ImVec4(at.x, at.y, at.x + size.x, at.y + size.y);
            mien_edges e = beside_menu(ui->menu_at, all.x, all.y);
            if (e.left + e.right + e.top <= 0 && fabsf(before.w - ui->menu_at.w) < 0.5f) {
                ui->squeezed = i;
            }
            mien_ui_part(ui, c, i);
            if (ui->close_all) {
                ImGui::CloseCurrentPopup();
            }
            ImGui::EndMenu();
        }
    }
    ui->squeezed = ui->popup ? ui->squeezed : 0;
    if (c->recording) {
        int s = (int)c->recorded_s;
        char text[64];
        snprintf(text, sizeof(text), "● %d:%02d  %.1f MB", s / 60, s % 60,
                 (double)c->recorded_bytes / 1e6);
        float x = ImGui::GetWindowWidth() - ImGui::CalcTextSize(text).x - ImGui::GetFontSize();
        if (x > ImGui::GetCursorPosX()) {
            ImGui::SameLine(x);
            ImGui::TextColored(mien_ui_warm, "%s", text);
        }
    }
    ImGui::EndMainMenuBar();
}

// Whether tabs leave half of the window to the picture; else there is a list.
bool room_for_tabs(float width, float em)
{
    return width >= 2 * settings_em * em;
}

// A window that fills the place of a page, where there is one.
bool begin_page(mien_ui *ui, const char *title, bool *open, float bar)
{
    ImVec2 all = ImGui::GetIO().DisplaySize;
    float em = ImGui::GetFontSize(), right = ui->page.right, low = ui->page.bottom;
    ImGuiWindowFlags flags = ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoSavedSettings;
    if (right > 0 || low > 0) {
        ImVec2 at(right > 0 ? all.x - right : 0, right > 0 ? bar : all.y - low);
        ImGui::SetNextWindowPos(at, ImGuiCond_Always);
        ImGui::SetNextWindowSize(ImVec2(all.x - at.x, all.y - at.y), ImGuiCond_Always);
        flags |= ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoResize;
    } else {
        ImGui::SetNextWindowPos(ImVec2(all.x, bar + em), ImGuiCond_Appearing, ImVec2(1, 0));
        ImGui::SetNextWindowSizeConstraints(ImVec2(0, 0), ImVec2(all.x, all.y - bar - 2 * em));
        flags |= ImGuiWindowFlags_AlwaysAutoResize;
    }
    return ImGui::Begin(title, open, flags);
}

void props_page(mien_ui *ui, const mien_ui_controls *c, float bar)
{
    if (begin_page(ui, titles[MIEN_UI_PROP], &ui->wearing, bar)) {
        mien_ui_part(ui, c, MIEN_UI_PROP);
    }
    ImGui::End();
    ui->wearing = ui->wearing && !ui->close_all;
}

void settings_window(mien_ui *ui, const mien_ui_controls *c, float bar)
{
    if (begin_page(ui, "Settings", &ui->settings, bar)) {
        if (ui->close_all) {
            ui->settings = false;
        }
        float em = ImGui::GetFontSize();
        if (!room_for_tabs(ImGui::GetIO().DisplaySize.x, em)) {
            ImGui::SetNextItemWidth(-1);
            if (ImGui::BeginCombo("##parts", titles[ui->part])) {
                for (int i = MIEN_UI_SOURCE; i <= MIEN_UI_HEAD; i++) {
                    if (ImGui::Selectable(titles[i], i == ui->part)) {
                        ui->part = i;
                    }
                }
                ImGui::EndCombo();
            }
            mien_ui_part(ui, c, ui->part);
        } else if (ImGui::BeginTabBar("parts")) {
            for (int i = MIEN_UI_SOURCE; i <= MIEN_UI_HEAD; i++) {
                if (ImGui::BeginTabItem(titles[i])) {
                    ImGui::Dummy(ImVec2(ImGui::GetFontSize() * 26, 2));
                    mien_ui_part(ui, c, i);
                    ImGui::EndTabItem();
                }
            }
            ImGui::EndTabBar();
        }
    }
    ImGui::End();
}

// What the camera lets itself be set, in the driver's order.
void camera_window(mien_ui *ui, const mien_ui_controls *c, float bar)
{
    if (begin_page(ui, "Camera", &ui->camera, bar)) {
        mien_ui_camera_page(c);
    }
    ui->camera = ui->camera && !ui->close_all;
    ImGui::End();
}

bool ends_as_one_of(const char *name, std::initializer_list<const char *> endings)
{
    const char *dot = strrchr(name, '.');
    for (const char *e : endings) {
        if (dot && !strcasecmp(dot, e)) {
            return true;
        }
    }
    return false;
}

bool is_avatar(const char *name)
{
    return ends_as_one_of(name, {".glb", ".gltf", ".vrm"});
}

bool is_media(const char *name)
{
    return is_avatar(name) ||
           ends_as_one_of(name, {".jpg", ".jpeg", ".png", ".mp4", ".mkv", ".webm", ".avi", ".mov",
                                 ".m4v", ".ogv", ".mpg"});
}

void read_folder(mien_ui *ui)
{
    ui->entries.clear();
    if (DIR *d = opendir(ui->folder)) {
        while (const dirent *e = readdir(d)) {
            std::string full = std::string(ui->folder) + "/" + e->d_name;
            struct stat st;
            if (e->d_name[0] == '.' || stat(full.c_str(), &st)) {
                continue;
            }
            bool folder = S_ISDIR(st.st_mode);
            if (folder || (S_ISREG(st.st_mode) && is_media(e->d_name))) {
                ui->entries.push_back({e->d_name, folder});
            }
        }
        closedir(d);
    }
    std::sort(
        ui->entries.begin(), ui->entries.end(), [](const mien_ui_entry &a, const mien_ui_entry &b) {
            return a.folder != b.folder ? a.folder : strcasecmp(a.name.c_str(), b.name.c_str()) < 0;
        });
}

void enter_folder(mien_ui *ui, const std::string &path)
{
    char *real = realpath(path.c_str(), nullptr);
    if (real && strlen(real) < sizeof(ui->folder)) {
        copy(ui->folder, sizeof(ui->folder), real);
        read_folder(ui);
    }
    free(real);
}

void open_dialog(mien_ui *ui, const mien_ui_controls *c)
{
    bool did = false;
    if (ui->open_asked) {
        ui->open_asked = false;
        enter_folder(ui, ui->folder[0] ? ui->folder : ".");
        ImGui::OpenPopup("Open a picture or video");
    }
    ImGuiIO &io = ImGui::GetIO();
    float em = ImGui::GetFontSize();
    ImGui::SetNextWindowPos(ImVec2(io.DisplaySize.x * 0.5f, io.DisplaySize.y * 0.5f),
                            ImGuiCond_Always, ImVec2(0.5f, 0.5f));
    ImGui::SetNextWindowSize(ImVec2(std::min(em * 34, io.DisplaySize.x * 0.92f),
                                    std::min(em * 26, io.DisplaySize.y * 0.9f)));
    bool keep = true;
    ui->opened = ImGui::BeginPopupModal("Open a picture or video", &keep,
                                        ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove);
    if (!ui->opened) {
        return;
    }
    ImGui::TextDisabled("%s", ui->folder);
    ImGui::BeginChild("files", ImVec2(0, -ImGui::GetFrameHeightWithSpacing() * 2), true);
    std::string into;
    if (ImGui::Selectable("../")) {
        into = std::string(ui->folder) + "/..";
    }
    for (const mien_ui_entry &e : ui->entries) {
        std::string full = std::string(ui->folder) + "/" + e.name;
        if (ImGui::Selectable((e.folder ? e.name + "/" : e.name).c_str(), full == ui->path,
                              ImGuiSelectableFlags_DontClosePopups |
                                  ImGuiSelectableFlags_AllowDoubleClick)) {
            copy(ui->path, sizeof(ui->path), full.c_str());
            if (ImGui::IsMouseDoubleClicked(0) || ImGui::IsKeyPressed(SDL_SCANCODE_RETURN)) {
                if (e.folder) {
                    into = full;
                } else {
                    did = true;
                }
            }
        }
    }
    ImGui::EndChild();
    if (!into.empty()) {
        enter_folder(ui, into);
    }
    ImGui::SetNextItemWidth(-1);
    did |=
        ImGui::InputTextWithHint("##path", "a file, a folder of pictures, /dev/video0 …", ui->path,
                                 sizeof(ui->path), ImGuiInputTextFlags_EnterReturnsTrue);
    did |= ImGui::Button("Open", ImVec2(em * 8, 0));
    ImGui::SameLine();
    if (ImGui::Button("Cancel", ImVec2(em * 8, 0)) || !keep || ui->close_all) {
        ImGui::CloseCurrentPopup();
    }
    if (did && ui->path[0]) {
        if (is_avatar(ui->path)) {
            mien_action_ask_text(c->actions, MIEN_ACTION_AVATAR, ui->path);
        } else {
            mien_ui_ask_source(c, ui->path, 0, 0, 0);
        }
        ImGui::CloseCurrentPopup();
    }
    ImGui::EndPopup();
}

// What is marked has been already: the mark is of the moment when it was asked for.
void mark_dialog(mien_ui *ui, const mien_ui_controls *c)
{
    bool fresh = ui->mark_asked;
    if (ui->mark_asked) {
        ui->mark_asked = false;
        ui->words[0] = 0;
        ImGui::OpenPopup("Mark");
    }
    ImGuiIO &io = ImGui::GetIO();
    float em = ImGui::GetFontSize();
    ImGui::SetNextWindowPos(ImVec2(io.DisplaySize.x * 0.5f, io.DisplaySize.y * 0.92f),
                            ImGuiCond_Always, ImVec2(0.5f, 1));
    ImGui::SetNextWindowSize(ImVec2(std::min(em * 28, io.DisplaySize.x * 0.96f), 0));
    bool keep = true;
    ui->marking =
        ImGui::BeginPopupModal("Mark", &keep, ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoResize);
    if (!ui->marking) {
        return;
    }
    if (fresh || ImGui::IsWindowAppearing()) {
        ImGui::SetKeyboardFocusHere();
    }
    ImGui::SetNextItemWidth(-1);
    bool did = ImGui::InputTextWithHint(
        "##words", "what happened? Enter sets the mark, Esc cancels", ui->words, sizeof(ui->words),
        ImGuiInputTextFlags_EnterReturnsTrue);
    bool escape = ImGui::IsKeyPressed(SDL_SCANCODE_ESCAPE);
    if (did) {
        mien_action a = {};
        a.id = MIEN_ACTION_MARK_AS;
        a.number = (double)ui->mark_ns;
        copy(a.text, sizeof(a.text), ui->words);
        mien_inbox_put(c->actions, &a);
    }
    if (did || escape || !keep || ui->close_all) {
        ImGui::CloseCurrentPopup();
        ui->marking = false;
    }
    ImGui::EndPopup();
}

// Ending while something is written is a question: everything is finished properly, but it ends.
void quit_dialog(mien_ui *ui, const mien_ui_controls *c)
{
    if (ui->quit_asked) {
        ui->quit_asked = false;
        ImGui::OpenPopup("Quit?");
    }
    ImGuiIO &io = ImGui::GetIO();
    float em = ImGui::GetFontSize();
    ImGui::SetNextWindowPos(ImVec2(io.DisplaySize.x * 0.5f, io.DisplaySize.y * 0.5f),
                            ImGuiCond_Always, ImVec2(0.5f, 0.5f));
    bool keep = true;
    ui->quitting = ImGui::BeginPopupModal(
        "Quit?", &keep, ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoMove);
    if (!ui->quitting) {
        ui->leave = false;
        return;
    }
    ImGui::Text("Still being written:");
    if (c->recording) {
        const char *slash = strrchr(c->record_path, '/');
        ImGui::TextColored(mien_ui_warm, "● %.60s", slash ? slash + 1 : c->record_path);
    }
    for (int i = 0; i < c->sinks; i++) {
        if (c->sink[i].on && c->sink[i].traffic == MIEN_TRAFFIC_FILE) {
            ImGui::TextColored(mien_ui_amber, "● %.60s", c->sink[i].spec);
        }
    }
    ImGui::TextDisabled("Quitting finishes these files and keeps them.");
    if (ImGui::Button("Continue  (Esc)", ImVec2(em * 9, 0)) || !keep || ui->close_all) {
        ImGui::CloseCurrentPopup();
        ui->quitting = false;
    }
    ImGui::SetItemDefaultFocus();
    ImGui::SameLine();
    if (ImGui::Button("Quit  (q)", ImVec2(em * 9, 0)) || ui->leave) {
        mien_action_ask(c->actions, MIEN_ACTION_LEAVE);
        ImGui::CloseCurrentPopup();
        ui->quitting = false;
    }
    ui->leave = false;
    ImGui::EndPopup();
}

// What one's own head is made from and how it is shown, beside it, while it is on the stage.
void head_window(mien_ui *ui, const mien_ui_controls *c)
{
    ImGuiIO &io = ImGui::GetIO();
    float em = ImGui::GetFontSize();
    ImGui::SetNextWindowPos(ImVec2(io.DisplaySize.x - em, io.DisplaySize.y - em), ImGuiCond_Always,
                            ImVec2(1, 1));
    if (ImGui::Begin("My head", nullptr,
                     ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoMove |
                         ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoFocusOnAppearing)) {
        mien_ui_head_part(c);
    }
    ImVec2 size = ImGui::GetWindowSize();
    ui->head_corner = ImVec2(size.x + em, size.y + em);
    ImGui::End();
}

// What to do without a camera.
void offer(const mien_ui_controls *c)
{
    ImGuiIO &io = ImGui::GetIO();
    float em = ImGui::GetFontSize(), wide = std::min(em * 26, io.DisplaySize.x * 0.9f);
    ImGui::SetNextWindowPos(ImVec2(io.DisplaySize.x * 0.5f, io.DisplaySize.y * 0.5f),
                            ImGuiCond_Always, ImVec2(0.5f, 0.5f));
    ImGui::SetNextWindowSize(ImVec2(wide, 0));
    if (ImGui::Begin("offer", nullptr,
                     ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                         ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoFocusOnAppearing)) {
        ImGui::PushTextWrapPos(0);
        if (c->why[0]) {
            ImGui::TextColored(mien_ui_amber, "%s", c->why);
        } else {
            ImGui::Text("No camera is connected.");
        }
        ImGui::TextDisabled("Plug one in and it is shown at once.");
        ImGui::PopTextWrapPos();
        ImGui::Dummy(ImVec2(1, em * 0.3f));
        if (ImGui::Button("Play the demo clip  (d)", ImVec2(-1, em * 2))) {
            mien_action_ask(c->actions, MIEN_ACTION_DEMO);
        }
        if (ImGui::Button("Open a picture or video …  (o)", ImVec2(-1, em * 2))) {
            mien_action_ask(c->actions, MIEN_ACTION_OPEN);
        }
        ImGui::TextDisabled("or drop a file on this window");
    }
    ImGui::End();
}

// What was typed is asked for when nobody types any more, wherever the menu has gone.
void ask_typed(mien_ui *ui, const mien_ui_controls *c)
{
    if (ui->typed && !ui->typing) {
        ui->typed = false;
        mien_action_ask_text(c->actions, MIEN_ACTION_FOLDER, ui->files);
    }
}

} // namespace

mien_ui *mien_ui_create(void *window, void *context, float scale, bool headless)
{
    mien_ui *ui = new (std::nothrow) mien_ui();
    if (!ui) {
        mien_error("not enough memory for the menus");
        return nullptr;
    }
    ui->headless = headless;
    ui->scale = scale;
    ui->pixel_ratio = 1;
    ui->part = MIEN_UI_SOURCE;
    IMGUI_CHECKVERSION();
    ui->context = ImGui::CreateContext();
    ImGuiIO &io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.LogFilename = nullptr;
    io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
    ui->started_sdl = ImGui_ImplSDL2_InitForOpenGL((SDL_Window *)window, context);
    ui->started_gl = ui->started_sdl && ImGui_ImplOpenGL3_Init("#version 330 core");
    if (!ui->started_gl) {
        mien_error("the menus do not start: keys and options still do everything");
        mien_ui_destroy(ui);
        return nullptr;
    }
    int w, h, pw, ph;
    SDL_GetWindowSize((SDL_Window *)window, &w, &h);
    SDL_GL_GetDrawableSize((SDL_Window *)window, &pw, &ph);
    ui->pixel_ratio = !headless && w > 0 && pw > 0 ? (float)pw / (float)w : 1;
    bake(ui);
    ImGui_ImplOpenGL3_CreateDeviceObjects();
    ui->bar_px = roundf(13 * scale) + 8 * scale;
    return ui;
}

void mien_ui_destroy(mien_ui *ui)
{
    if (!ui) {
        return;
    }
    ImGui::SetCurrentContext(ui->context);
    if (ui->started_gl) {
        ImGui_ImplOpenGL3_Shutdown();
    }
    if (ui->started_sdl) {
        ImGui_ImplSDL2_Shutdown();
    }
    ImGui::DestroyContext(ui->context);
    delete ui;
}

void mien_ui_resize(mien_ui *ui, int width_px, int height_px, float scale)
{
    if (fabsf(scale - ui->scale) < 0.02f) {
        return;
    }
    ui->scale = scale;
    ImGui::SetCurrentContext(ui->context);
    bake(ui);
    ImGui_ImplOpenGL3_DestroyFontsTexture();
    ImGui_ImplOpenGL3_CreateFontsTexture();
}

bool mien_ui_event(mien_ui *ui, const void *event)
{
    const SDL_Event *e = (const SDL_Event *)event;
    ImGui::SetCurrentContext(ui->context);
    bool shown = mien_ui_visible(ui, nullptr);
    bool mouse = e->type == SDL_MOUSEMOTION || e->type == SDL_MOUSEBUTTONDOWN ||
                 e->type == SDL_MOUSEBUTTONUP || e->type == SDL_MOUSEWHEEL;
    if (mouse) {
        ui->mouse_ns = mien_now_ns();
    }
    bool key = e->type == SDL_KEYDOWN;
    bool dialog = ui->settings || ui->camera || ui->opened || ui->marking || ui->popup ||
                  ui->quitting || ui->guiding;
    if (key && ui->quitting && e->key.keysym.sym == SDLK_q) {
        ui->leave = true;
        return true;
    }
    if (key && e->key.keysym.sym == SDLK_ESCAPE && (dialog || ui->wearing) &&
        !ImGui::GetIO().WantTextInput) {
        mien_ui_show(ui, MIEN_UI_NONE);
        return true;
    }
    if (key && ui->guiding && !ui->opened && !ui->marking && !ui->settings && !ui->popup) {
        SDL_Keycode k = e->key.keysym.sym;
        if (k == SDLK_RETURN || k == SDLK_KP_ENTER || k == SDLK_BACKSPACE || k == SDLK_RIGHT) {
            ui->guide_key = k; // a quick one goes down and up between two drawings
            return true;
        }
    }
    if (!shown && !mouse && e->type != SDL_KEYUP) {
        return false;
    }
    ImGui_ImplSDL2_ProcessEvent(e);
    const ImGuiIO &io = ImGui::GetIO();
    if (mouse) {
        return dialog || io.WantCaptureMouse;
    }
    if (key || e->type == SDL_TEXTINPUT) {
        if (io.WantTextInput || ui->opened || ui->marking || ui->quitting) {
            return true;
        }
        SDL_Keycode k = key ? e->key.keysym.sym : 0;
        return dialog && key &&
               (k == SDLK_SPACE || k == SDLK_RETURN || k == SDLK_UP || k == SDLK_DOWN ||
                k == SDLK_LEFT || k == SDLK_RIGHT);
    }
    return false;
}

void mien_ui_show(mien_ui *ui, enum mien_ui_menu menu)
{
    if (menu == MIEN_UI_NONE) {
        ui->close_all = ui->settings || ui->wearing || ui->camera || ui->opened || ui->marking ||
                        ui->popup || ui->quitting || ui->guiding;
        ui->menu = 0;
        ui->keep = false;
    } else if (menu == MIEN_UI_SETTINGS) {
        ui->settings = !ui->settings;
        ui->wearing = ui->camera = false;
    } else if (menu == MIEN_UI_PROP) {
        ui->wearing = !ui->wearing;
        ui->settings = ui->camera = false;
    } else if (menu == MIEN_UI_CAMERA) {
        ui->camera = !ui->camera;
        ui->settings = ui->wearing = false;
    } else if (menu == MIEN_UI_OPEN) {
        ui->open_asked = true;
    } else if (menu == MIEN_UI_MARK) {
        ui->mark_asked = true;
        ui->mark_ns = mien_now_ns();
    } else if (menu == MIEN_UI_GUIDE) {
        // It is shown while the controls say so.
    } else if (menu == MIEN_UI_QUIT) {
        ui->quit_asked = true;
    } else {
        ui->menu = menu;
        ui->keep = true;
        ui->mouse_ns = mien_now_ns();
    }
}

mien_edges mien_ui_place(const mien_ui *ui, const mien_ui_controls *c, float width, float height)
{
    float em = roundf(13 * ui->scale) / ui->pixel_ratio;
    float of = ui->wearing                                ? props_em
               : ui->settings && room_for_tabs(width, em) ? settings_em
                                                          : menu_em;
    float wide = roundf(of * em), low = roundf(low_em * em);
    mien_edges e = {};
    if (c->guide.stage != MIEN_UI_GUIDE_OFF) {
        return e;
    }
    if (!(ui->settings || ui->wearing || ui->camera)) {
        return ui->menu_at.z > 0 ? beside_menu(ui->menu_at, width, height) : e;
    }
    if (width - wide >= 0.45f * width) {
        e.right = wide;
    } else {
        e.bottom = std::min(low, share * height);
    }
    return e;
}

bool mien_ui_visible(const mien_ui *ui, float *bar_px)
{
    bool bar = ui->menu || ui->popup || ui->keep || ui->offering ||
               (!ui->headless && ui->mouse_ns && mien_now_ns() - ui->mouse_ns < idle_ns);
    if (bar_px) {
        *bar_px = bar ? ui->bar_px : 0;
    }
    return bar || ui->heading || ui->settings || ui->wearing || ui->camera || ui->opened ||
           ui->open_asked || ui->close_all || ui->quit_asked || ui->quitting || ui->mark_asked ||
           ui->marking || ui->guiding;
}

void mien_ui_draw(mien_ui *ui, const mien_ui_controls *c, int width_px, int height_px)
{
    float bar;
    ui->typing = ui->browsing = false; // until it is drawn so
    ui->offering = c->waiting;
    ui->guiding = c->guide.stage != MIEN_UI_GUIDE_OFF;
    ui->heading = c->settings->stage.shows == MIEN_STAGE_HEAD && !c->presenting;
    if (!mien_ui_visible(ui, &bar)) {
        ask_typed(ui, c);
        return;
    }
    ImGui::SetCurrentContext(ui->context);
    ImGui_ImplOpenGL3_NewFrame();
    ImGui_ImplSDL2_NewFrame();
    ImGuiIO &io = ImGui::GetIO();
    float ratio = ui->pixel_ratio;
    io.DisplaySize = ImVec2((float)width_px / ratio, (float)height_px / ratio);
    io.DisplayFramebufferScale = ImVec2(ratio, ratio);
    ImGui::NewFrame();
    if (bar > 0) {
        menu_bar(ui, c);
        ui->keep = ui->keep && (ui->popup || ui->menu || ui->headless);
    } else {
        ui->popup = false;
        ui->menu_at = ImVec4(0, 0, 0, 0);
    }
    bar /= ui->pixel_ratio;
    ui->page = mien_ui_place(ui, c, io.DisplaySize.x, io.DisplaySize.y);
    if (ui->settings) {
        settings_window(ui, c, bar);
    } else if (ui->wearing) {
        props_page(ui, c, bar);
    }
    if (ui->camera) {
        camera_window(ui, c, bar);
    }
    if (ui->heading) {
        head_window(ui, c);
    }
    open_dialog(ui, c);
    mark_dialog(ui, c);
    quit_dialog(ui, c);
    mien_ui_guide_page(ui, c);
    if (c->waiting && !ui->opened && !ui->marking && !ui->settings && !ui->quitting) {
        offer(c);
    }
    ask_typed(ui, c);
    ui->close_all = false;
    ImGui::Render();
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

void mien_ui_head_corner(const mien_ui *ui, float *width_px, float *height_px)
{
    *width_px = ui->heading ? roundf(ui->head_corner.x * ui->pixel_ratio) : 0;
    *height_px = ui->heading ? roundf(ui->head_corner.y * ui->pixel_ratio) : 0;
}

bool mien_ui_shows_props(const struct mien_ui *ui)
{
    return ui->browsing;
}

bool mien_ui_writes(const struct mien_ui_controls *c)
{
    bool any = c->recording;
    for (int i = 0; i < c->sinks; i++) {
        any = any || (c->sink[i].on && c->sink[i].traffic == MIEN_TRAFFIC_FILE);
    }
    return any;
}
