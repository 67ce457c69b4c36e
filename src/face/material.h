// What the parts of a head are made of: one table for every file and picture that shows one.
#ifndef MIEN_FACE_MATERIAL_H
#define MIEN_FACE_MATERIAL_H

enum mien_material_id {
    MIEN_MATERIAL_SKIN,
    MIEN_MATERIAL_EYES,
    MIEN_MATERIAL_TEETH,
    MIEN_MATERIAL_GUMS,  // and tongue
    MIEN_MATERIAL_MOUTH, // what is behind lips and lids
    MIEN_MATERIALS
};

struct mien_material {
    const char *name;
    unsigned parts; // bit set of enum mien_part
    float rgb[3];   // 0…1, sRGB; where no picture says better
    float roughness;
    float specular, shininess; // of Phong's model (OBJ)
};
const struct mien_material *mien_material_at(int i); // NULL outside

#endif
