// Numbers that the compiler and the loader of models/*.face agree on.
#ifndef MIEN_FACE_MODEL_FILE_H
#define MIEN_FACE_MODEL_FILE_H

// The first vertices are skin (face, ears, head, neck): their identity displacements may be 16-bit.
enum { MIEN_FACE_SKIN_VERTICES = 11248 };

#endif
