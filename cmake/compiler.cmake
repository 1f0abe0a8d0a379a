# Language, warnings, optimisation and sanitizers: what holds for every translation unit.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

# Test files are compiled for whoever debugs them, in half the time of -O2; what they test is -O2.
set(MILLRACE_TEST_OPTIONS "$<$<CONFIG:Release>:-Og>")

# Paths are recorded relative to the root, so that every clone makes the same objects.
add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -fno-omit-frame-pointer
                    -msse4.2 -mpopcnt -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_link_options(-fuse-ld=mold)

# What ccache needs to look into a precompiled header; warnings that are wrong about libstdc++ 12:
# GCC's about the lengths of std::string, Clang's about what std::stable_sort calls.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Rather more memory than a tenth of the time for collecting garbage.
  add_compile_options(--param=ggc-min-heapsize=500000 --param=ggc-min-expand=300)
  add_compile_options(-fpch-preprocess -fdiagnostics-color=always
                      -Wno-array-bounds -Wno-stringop-overflow -Wno-restrict)
else()
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp" -fcolor-diagnostics -Wthread-safety
                      -Wno-deprecated-declarations)
endif()

set(sanitizers_address address,undefined)
set(sanitizers_thread thread)
set(sanitizers_fuzzer address,undefined)
if(MILLRACE_SANITIZE)
  set(sanitizers ${sanitizers_${MILLRACE_SANITIZE}})
  if(NOT sanitizers)
    message(FATAL_ERROR "MILLRACE_SANITIZE: address, thread or fuzzer, not ${MILLRACE_SANITIZE}")
  endif()
  # -O1, because the test set takes too long without.
  add_compile_options(-O1 -fsanitize=${sanitizers} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${sanitizers})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)  # GCC 12 loses track of what is set
  endif()
  if(MILLRACE_SANITIZE STREQUAL "fuzzer")
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endif()

# Compiled once is compiled for every clone and build tree. The sloppiness is what makes ccache
# accept a precompiled header; the base directory makes paths of different clones equal.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
endif()
