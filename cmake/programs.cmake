# The programs, in build/bin/.
include(cmake/harness.cmake)

add_library(sortie_link INTERFACE)
if(SORTIE_STATIC)
  # lld: faster, and silent about getaddrinfo, which works in a static program (files and DNS, glibc 2.36).
  target_link_options(sortie_link INTERFACE -static -fuse-ld=lld -Wl,--gc-sections -s)
endif()

add_executable(sortie src/main.cc)
target_precompile_headers(sortie REUSE_FROM base)
target_link_libraries(sortie PRIVATE cli sortie_link)
