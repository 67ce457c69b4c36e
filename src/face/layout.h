// What a face is made of, in numbers: the vocabulary shared by model, network, fit and outputs.
//
// The numbers are the product's own choice; a model or network file that disagrees is refused.
#ifndef MIEN_FACE_LAYOUT_H
#define MIEN_FACE_LAYOUT_H

enum {
    MIEN_IDENTITY = 60,    // identity coefficients kept of ICT-FaceKit's 100, unit variance
    MIEN_BLENDSHAPES = 52, // ARKit's, in Live Link Face order (eyeBlinkLeft … tongueOut)
    MIEN_EXPRESSIONS = 8,  // expression classes
    MIEN_LANDMARKS_MAX = 256,
    MIEN_IBUG = 68,
    MIEN_IBUG_TERMS = 20, // landmarks that an iBUG point is mixed from, at most
};

enum mien_expression {
    MIEN_EXPRESSION_NEUTRAL,
    MIEN_EXPRESSION_HAPPY,
    MIEN_EXPRESSION_SAD,
    MIEN_EXPRESSION_SURPRISE,
    MIEN_EXPRESSION_FEAR,
    MIEN_EXPRESSION_DISGUST,
    MIEN_EXPRESSION_ANGER,
    MIEN_EXPRESSION_CONTEMPT,
};
const char *mien_expression_name(int i);    // "neutral" …; NULL outside 0…7
int mien_expression_find(const char *name); // -1 when unknown

// ARKit blendshapes by index (order of Live Link Face, Epic Games).
enum mien_blendshape {
    MIEN_BS_EYE_BLINK_LEFT,
    MIEN_BS_EYE_LOOK_DOWN_LEFT,
    MIEN_BS_EYE_LOOK_IN_LEFT,
    MIEN_BS_EYE_LOOK_OUT_LEFT,
    MIEN_BS_EYE_LOOK_UP_LEFT,
    MIEN_BS_EYE_SQUINT_LEFT,
    MIEN_BS_EYE_WIDE_LEFT,
    MIEN_BS_EYE_BLINK_RIGHT,
    MIEN_BS_EYE_LOOK_DOWN_RIGHT,
    MIEN_BS_EYE_LOOK_IN_RIGHT,
    MIEN_BS_EYE_LOOK_OUT_RIGHT,
    MIEN_BS_EYE_LOOK_UP_RIGHT,
    MIEN_BS_EYE_SQUINT_RIGHT,
    MIEN_BS_EYE_WIDE_RIGHT,
    MIEN_BS_JAW_FORWARD,
    MIEN_BS_JAW_LEFT,
    MIEN_BS_JAW_RIGHT,
    MIEN_BS_JAW_OPEN,
    MIEN_BS_MOUTH_CLOSE,
    MIEN_BS_MOUTH_FUNNEL,
    MIEN_BS_MOUTH_PUCKER,
    MIEN_BS_MOUTH_LEFT,
    MIEN_BS_MOUTH_RIGHT,
    MIEN_BS_MOUTH_SMILE_LEFT,
    MIEN_BS_MOUTH_SMILE_RIGHT,
    MIEN_BS_MOUTH_FROWN_LEFT,
    MIEN_BS_MOUTH_FROWN_RIGHT,
    MIEN_BS_MOUTH_DIMPLE_LEFT,
    MIEN_BS_MOUTH_DIMPLE_RIGHT,
    MIEN_BS_MOUTH_STRETCH_LEFT,
    MIEN_BS_MOUTH_STRETCH_RIGHT,
    MIEN_BS_MOUTH_ROLL_LOWER,
    MIEN_BS_MOUTH_ROLL_UPPER,
    MIEN_BS_MOUTH_SHRUG_LOWER,
    MIEN_BS_MOUTH_SHRUG_UPPER,
    MIEN_BS_MOUTH_PRESS_LEFT,
    MIEN_BS_MOUTH_PRESS_RIGHT,
    MIEN_BS_MOUTH_LOWER_DOWN_LEFT,
    MIEN_BS_MOUTH_LOWER_DOWN_RIGHT,
    MIEN_BS_MOUTH_UPPER_UP_LEFT,
    MIEN_BS_MOUTH_UPPER_UP_RIGHT,
    MIEN_BS_BROW_DOWN_LEFT,
    MIEN_BS_BROW_DOWN_RIGHT,
    MIEN_BS_BROW_INNER_UP,
    MIEN_BS_BROW_OUTER_UP_LEFT,
    MIEN_BS_BROW_OUTER_UP_RIGHT,
    MIEN_BS_CHEEK_PUFF,
    MIEN_BS_CHEEK_SQUINT_LEFT,
    MIEN_BS_CHEEK_SQUINT_RIGHT,
    MIEN_BS_NOSE_SNEER_LEFT,
    MIEN_BS_NOSE_SNEER_RIGHT,
    MIEN_BS_TONGUE_OUT,
};
const char *mien_blendshape_name(int i);    // "eyeBlinkLeft" …; NULL outside 0…51
int mien_blendshape_find(const char *name); // ARKit, or ICT style "eyeBlink_L"; -1 when unknown
int mien_blendshape_mirror(int i);          // left <-> right; itself when central

#endif
