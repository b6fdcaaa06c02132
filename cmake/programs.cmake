add_library(sortie_link INTERFACE)
if(SORTIE_STATIC)
  target_link_options(sortie_link INTERFACE -static -Wl,--gc-sections -s)
endif()

# The programs; each appears as soon as its main file is there.
if(EXISTS ${CMAKE_SOURCE_DIR}/src/harness/main.cc)
  include(cmake/harness.cmake)
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/src/main.cc)
  add_executable(sortie src/main.cc)
  target_precompile_headers(sortie REUSE_FROM base)
  target_link_libraries(sortie PRIVATE cli sortie_link)
endif()
