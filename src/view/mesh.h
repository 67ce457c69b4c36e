// Which of the face model's triangles are drawn, in a compact numbering, and their vertices and
// normals for one face at a time.
//
// Does not: call OpenGL. Positions are millimetres in the head frame (face/pose.h).
#ifndef MIEN_VIEW_MESH_H
#define MIEN_VIEW_MESH_H

#include "face/model.h"
#include "face/result.h"

// Triangles lie in this order, so that a prefix of groups is one draw call.
enum mien_mesh_group {
    MIEN_MESH_FACE,
    MIEN_MESH_EYES,
    MIEN_MESH_TEETH,
    MIEN_MESH_MOUTH, // socket, gums, tongue, eye sockets: seen through lips and lids
    MIEN_MESH_HEAD,  // rest of the head and neck
    MIEN_MESH_GROUPS
};

struct mien_mesh_fixed { // of a drawn vertex, never changes
    float u, v;          // in the model's picture
    float part;          // enum mien_mesh_group
    float iris_mm;       // eyeballs: distance from the iris centre; elsewhere 99
    float grid[2];       // 0 or 1: corner of a quad. Lines of the wireframe lie where an
                         // interpolated coordinate is 0 or 1
    float hull_mm; // to be added to x where the head hides things as if it had hair: ears and the
                   // sides round them become flat walls as far out as the ears reach
    float jaw_mm;  // above the face's lower outline, on the mean face; at most 12
};
struct mien_mesh_point { // of a drawn vertex, each frame
    float position[3], normal[3];
};

struct mien_mesh {
    const struct mien_face_model *model; // borrowed
    int points;                          // drawn vertices: a model vertex once for each of its UVs
    int *vertex;                         // (points) index in `corner`
    struct mien_mesh_fixed *fixed;       // (points)
    int corners;                         // model vertices in use
    int *corner;                         // (corners) model vertex
    uint32_t *triangle;                  // (group_triangle[GROUPS],3) indices of points
    // First of a group; the last element is the end.
    int group_triangle[MIEN_MESH_GROUPS + 1];
    int group_point[MIEN_MESH_GROUPS + 1], group_corner[MIEN_MESH_GROUPS + 1];
    // Workspace and caches, one slot a face.
    struct mien_face_base base[MIEN_FACES_MAX];
    float *posed;         // (model vertices,3)
    bool lips_open;       // of the face posed last: what is behind them is seen
    float *normal;        // (corners,3)
    int *corner_triangle; // (triangles,3) corners
    void *owned;
};

// The model must outlive the mesh. False when out of memory (logged).
bool mien_mesh_init(struct mien_mesh *m, const struct mien_face_model *model);
void mien_mesh_destroy(struct mien_mesh *m);
// Fills out for the face in slot 0…MIEN_FACES_MAX-1 (identities are cached a slot), for the groups
// up to `wanted`: MIEN_MESH_TEETH or MIEN_MESH_MOUTH are cut to MIEN_MESH_EYES while the lips are
// closed and nothing behind them can be seen. Returns the last group that was filled. No
// allocation.
enum mien_mesh_group mien_mesh_pose(struct mien_mesh *m, int slot,
                                    const struct mien_face_result *face,
                                    enum mien_mesh_group wanted, struct mien_mesh_point *out);

#endif
