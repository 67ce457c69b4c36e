// The networks that are here: a name, as people choose it, -> its files in the folders of models.
//
// Does not: open a network or know what one says.
#ifndef MIEN_NN_REGISTRY_H
#define MIEN_NN_REGISTRY_H

#include "base/file.h"
#include <stdbool.h>
#include <stddef.h>

// Shipped networks have names: NULL, "" and "standard" are models/face.net, another NAME is
// models/face-NAME.net ("clean": learned from nothing but rendered people and public-domain
// pictures). False when `name` is a path (it has a slash or ends with .net).
bool mien_network_file(const char *name, char *file, size_t size);

// What a network is called where it is shown and written: a shipped one's name, a file's without
// its folder.
void mien_network_label(const char *net, char label[MIEN_NETWORK_NAME]);

// The detector of a network's own ("clean" has one): models/detect-NAME.net, looked for in `folder`
// or, when that is NULL, in the folders of models; of a path …/face-NAME.net the detect-NAME.net
// beside it. False when it has none (as "standard"): models/detect.net serves it.
bool mien_network_detector(const char *net, const char *folder, char *path, size_t size);

// The portrait network that goes with it, likewise: models/portrait-NAME.net, and
// models/portrait.net with "standard" and with files that are not called face-NAME.net (in `folder`
// or the folders of models, not beside such a file). False when there is none.
bool mien_network_portrait(const char *net, const char *folder, char *path, size_t size);

// Names of the networks that are here: "standard", then those of face-NAME.net in the folders of
// models, by name, each once. Returns their number, at most max. (A file may turn out to be
// unusable when it is loaded.)
int mien_network_list(char (*name)[MIEN_NETWORK_NAME], int max);

// The file of a network: its path, or a shipped name's file in the folders of models. False
// (logged) when no folder has it, or the path is too long.
bool mien_network_path(const char *net, char *path, size_t size);

#endif
