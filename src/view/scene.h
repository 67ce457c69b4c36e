// Video and face meshes with OpenGL: the picture as a quad, the fitted mesh over it under the fit's
// own perspective camera.
//
// Does not: lay out the window, draw text. Main thread only.
#ifndef MIEN_VIEW_SCENE_H
#define MIEN_VIEW_SCENE_H

#include "face/result.h"
#include "image/image.h"
#include "view/camera.h"
#include "view/flat.h"
#include "view/mesh.h"
#include "view/view.h"
#include "view/wear.h"

struct mien_scene {
    struct mien_mesh mesh;
    struct mien_mesh_point *point; // (mesh.points) workspace
    GLuint video_program;
    GLuint program[MIEN_VIEW_MODES];    // 0: none, or it failed
    bool program_made[MIEN_VIEW_MODES]; // its own, not another mode's with the same shader
    GLint video_uniform[3], uniform[MIEN_VIEW_MODES][9];
    GLuint picture; // texture
    int picture_width, picture_height;
    uint32_t *wide; // the picture with four bytes a pixel
    GLuint fixed, index, buffer[MIEN_GL_RING], array[MIEN_GL_RING];
    GLuint blank; // vertex array without attributes
    int turn;
    enum mien_mesh_group last; // filled for the face drawn last
    bool ready;                // mesh buffers made
};

bool mien_scene_init(struct mien_scene *s,
                     const struct mien_face_model *model); // model may be NULL
void mien_scene_destroy(struct mien_scene *s);
// Uploads the picture (RGB8 or GRAY8); the texture is made again only when the size changes.
void mien_scene_picture(struct mien_scene *s, const struct mien_image *im);
// Screen rectangles have their origin top-left; height_px is the screen's.
void mien_scene_video(struct mien_scene *s, const struct mien_map *map, int height_px, float gain);
struct mien_scene_look {
    enum mien_view_mode mode;
    bool head;     // the whole head, not only the face
    float opacity; // 0…1
};
// The face in slot i of the result over the picture, in its own colour.
void mien_scene_face(struct mien_scene *s, const struct mien_map *map, int height_px,
                     const struct mien_result *r, int i, const struct mien_scene_look *look);
// Draws what all faces of the result wear onto wear->layer; another framebuffer is to be bound
// after it. picture: the one that mien_scene_picture was given last; light: as in the settings.
void mien_scene_worn(struct mien_scene *s, const struct mien_result *r, struct mien_wear *wear,
                     const struct mien_image *picture, bool light);
// The light on the face in slot i (view/light.h). False: it shows too little.
bool mien_scene_light(struct mien_scene *s, const struct mien_result *r, int i,
                      const struct mien_image *picture, float out[MIEN_SH]);
// The mesh of the face that was drawn last, with the video on it, seen from turn_deg to the side.
void mien_scene_bust(struct mien_scene *s, struct mien_rect rect, int height_px,
                     const struct mien_result *r, int i, float turn_deg);

#endif
