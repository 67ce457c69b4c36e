#version 330 core
// How the face's own light (spherical harmonics of order 2) falls on a thing that is worn.
uniform float u_light[9];

float light(vec3 n)
{
    return max(0.0, u_light[0] * 0.282095 + u_light[1] * 0.488603 * n.y + u_light[2] * 0.488603 * n.z +
                        u_light[3] * 0.488603 * n.x + u_light[4] * 1.092548 * n.x * n.y +
                        u_light[5] * 1.092548 * n.y * n.z + u_light[6] * 0.315392 * (3.0 * n.z * n.z - 1.0) +
                        u_light[7] * 1.092548 * n.x * n.z + u_light[8] * 0.546274 * (n.x * n.x - n.y * n.y));
}

// n: unit normal; e: unit vector to the eye. Returns what the colour is multiplied by, what is added
// to it, and the share of what is behind that the reflection covers.
vec3 lit(vec3 n, vec3 e, float gloss, float metal)
{
    // Where the face shows nothing of the light (backs, undersides) it must not go dark or glare.
    float l = clamp(light(n), 0.25, 1.7);
    // Metal shows its surroundings in its own colour, the duller the more evenly; they are known as
    // far as the light is.
    vec3 seen = normalize(mix(n, reflect(-e, n), gloss));
    l = mix(l, clamp(light(seen), 0.15, 2.0), 0.8 * metal);
    vec3 from = normalize(vec3(u_light[3], u_light[1], u_light[2]) + vec3(0.0, 0.15, 0.35));
    float shine = pow(max(dot(n, normalize(from + e)), 0.0), 12.0 + 60.0 * gloss);
    float edge = pow(1.0 - max(dot(n, e), 0.0), 4.0);
    float more = gloss * (0.55 * shine + 0.22 * edge) * light(from);
    return vec3(l + more * metal, more * (1.0 - metal), gloss * clamp(0.6 * shine + 0.5 * edge, 0.0, 1.0));
}
