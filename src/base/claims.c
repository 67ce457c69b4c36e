// Compares files by device and inode, so that two names of one file are seen as one.
#include "base/claims.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"

struct mien_claim {
    char *what, *path; // what NULL: it was released
    bool writes;
};
struct mien_claim_key {
    uint64_t a, b, c; // device, inode, 0; or the folder's, and a hash of the name
    size_t claim;     // its index + 1; 0: an empty place
};
enum { KEYS_MAX = 2 };

static bool keeps_nothing(const struct stat *st)
{
    bool memory = S_ISCHR(st->st_mode) && major(st->st_rdev) == 1;
    return memory && (minor(st->st_rdev) == 3 || minor(st->st_rdev) == 5 ||
                      minor(st->st_rdev) == 7); // null, zero, full
}

// The keys of a path; their number: none of what cannot be destroyed. write: it may be made later.
static int keys_of(const char *path, bool write, struct mien_claim_key key[KEYS_MAX])
{
    struct stat st;
    bool own = write && !strcmp(path, "-"), through = false;
    int n = 0;
    bool there = own ? !fstat(STDOUT_FILENO, &st) : !stat(path, &st);
    if (!there && !write) {
        return 0;
    }
    if (there) {
        if (keeps_nothing(&st) || S_ISDIR(st.st_mode)) {
            return 0;
        }
        bool device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
        key[n++] = device ? (struct mien_claim_key){.a = st.st_rdev, .c = st.st_mode & S_IFMT}
                          : (struct mien_claim_key){.a = st.st_dev, .b = st.st_ino};
    }
    char target[PATH_MAX];
    if (!own && mien_save_target(path, target, &through) && !through) {
        char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
        uint64_t hash = mien_hash(MIEN_HASH_START, name, strlen(name)) | 1;
        *name = 0;
        if (!stat(*target ? target : ".", &st)) {
            key[n++] = (struct mien_claim_key){.a = st.st_dev, .b = st.st_ino, .c = hash};
        }
    }
    return n;
}

static struct mien_claim_key *place(const struct mien_claims *c, const struct mien_claim_key *k)
{
    uint64_t h = mien_hash(MIEN_HASH_START, k, offsetof(struct mien_claim_key, claim));
    for (size_t i = (size_t)h & (c->keys - 1);; i = (i + 1) & (c->keys - 1)) {
        struct mien_claim_key *at = &c->key[i];
        if (!at->claim || (at->a == k->a && at->b == k->b && at->c == k->c)) {
            return at;
        }
    }
}

// Room for another claim with its keys; at least every other place of the table stays empty.
static bool reserve(struct mien_claims *c)
{
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 32;
        struct mien_claim *p = mien_realloc_array(c->claim, room, sizeof(*p));
        if (!p) {
            return false;
        }
        c->claim = p;
        c->room = room;
    }
    if (2 * (c->used + KEYS_MAX) > c->keys) {
        struct mien_claims grown = *c;
        grown.keys = c->keys ? 2 * c->keys : 128;
        grown.key = mien_calloc(grown.keys, sizeof(*grown.key));
        if (!grown.key) {
            return false;
        }
        for (size_t i = 0; i < c->keys; i++) {
            if (c->key[i].claim) {
                *place(&grown, &c->key[i]) = c->key[i];
            }
        }
        mien_free(c->key);
        *c = grown;
    }
    return true;
}

static const struct mien_claim *holder(const struct mien_claims *c, const struct mien_claim_key *k)
{
    const struct mien_claim_key *at = c->keys ? place(c, k) : NULL;
    const struct mien_claim *owner = at && at->claim ? &c->claim[at->claim - 1] : NULL;
    if (!owner || !owner->what) {
        return NULL;
    }
    // What is written may have been replaced since, and its old inode be another file's now.
    struct mien_claim_key now[KEYS_MAX];
    int n = owner->writes ? keys_of(owner->path, true, now) : 0;
    bool still = !owner->writes;
    for (int i = 0; i < n; i++) {
        still = still || (now[i].a == k->a && now[i].b == k->b && now[i].c == k->c);
    }
    return still ? owner : NULL;
}

// Who is in the way of a path's being read or written; NULL: nobody.
static const struct mien_claim *rival(const struct mien_claims *c, const char *path, bool write)
{
    struct mien_claim_key key[KEYS_MAX];
    for (int i = 0, n = keys_of(path, write, key); i < n; i++) {
        const struct mien_claim *owner = holder(c, &key[i]);
        if (owner && (write || owner->writes)) {
            return owner;
        }
    }
    return NULL;
}

static bool add(struct mien_claims *c, const char *what, const char *path, bool write)
{
    struct mien_claim_key key[KEYS_MAX];
    int n = keys_of(path, write, key);
    if (n == 0) {
        return true;
    }
    if (!reserve(c)) {
        return false;
    }
    struct mien_claim *new = &c->claim[c->count];
    *new = (struct mien_claim){strdup(what), strdup(path), write};
    if (!new->what || !new->path) {
        mien_error("there is no memory to note that %s is used", path);
        free(new->what);
        free(new->path);
        return false;
    }
    c->count++;
    for (int i = 0; i < n; i++) {
        struct mien_claim_key *at = place(c, &key[i]);
        if (!holder(c, &key[i])) {
            c->used += !at->claim;
            *at = key[i];
            at->claim = c->count;
        }
    }
    return true;
}

bool mien_claims_read(struct mien_claims *c, const char *what, const char *path)
{
    const struct mien_claim *r = rival(c, path, false);
    if (r) {
        mien_error("%s %s cannot be read: %s is writing it; end that output first", what, path,
                   r->what);
        return false;
    }
    return add(c, what, path, false);
}

bool mien_claims_write(struct mien_claims *c, const char *what, const char *path)
{
    const struct mien_claim *r = rival(c, path, true);
    if (!r) {
        return add(c, what, path, true);
    }
    bool same = !strcmp(r->path, path);
    if (r->writes) {
        mien_error("%s %s: %s writes %s%s already; give each a file of its own", what, path,
                   r->what, same ? "it" : "the same file, ", same ? "" : r->path);
    } else {
        mien_error("%s %s would destroy what is read here%s%s; give another name", what, path,
                   same ? "" : ": it is the same file as ", same ? "" : r->path);
    }
    return false;
}

bool mien_claims_take(struct mien_claims *c, const char *what, const char *const *path, int n)
{
    for (int i = 0; i < n; i++) {
        if (rival(c, path[i], true)) {
            return false;
        }
    }
    for (int i = 0; i < n; i++) {
        if (!add(c, what, path[i], true)) {
            return false;
        }
    }
    return true;
}

void mien_claims_release(struct mien_claims *c, const char *what)
{
    for (size_t i = 0; i < c->count; i++) {
        struct mien_claim *k = &c->claim[i];
        if (k->writes && k->what && !strcmp(k->what, what)) {
            free(k->what);
            free(k->path);
            *k = (struct mien_claim){0};
        }
    }
}

void mien_claims_destroy(struct mien_claims *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->claim[i].what);
        free(c->claim[i].path);
    }
    free(c->claim);
    mien_free(c->key);
    *c = (struct mien_claims){0};
}
