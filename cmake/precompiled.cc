// Only here so that cmake/precompiled.h has a target to be built in.
