# The programs, in build/bin/.
include(cmake/harness.cmake)

add_library(sortie_link INTERFACE)
if(SORTIE_STATIC)
  target_link_options(sortie_link INTERFACE -static -Wl,--gc-sections -s)
endif()

add_executable(sortie src/main.cc)
target_precompile_headers(sortie REUSE_FROM base)
target_link_libraries(sortie PRIVATE cli sortie_link)
