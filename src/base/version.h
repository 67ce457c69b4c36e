// The version, said in one place; the Makefile reads it from here.
#ifndef MIEN_BASE_VERSION_H
#define MIEN_BASE_VERSION_H

#define MIEN_VERSION "0.1.0"

#endif
