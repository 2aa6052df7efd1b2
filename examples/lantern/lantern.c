/* lantern: print the words of a file, one a line; the words are in lantern-words. */
#include <stdio.h>

#ifndef WORDS
#define WORDS "/usr/share/lantern/words"
#endif

int main(void)
{
    char word[64];
    FILE *file = fopen(WORDS, "r");

    if (file == NULL) {
        perror(WORDS);
        return 1;
    }
    while (fscanf(file, "%63s", word) == 1)
        puts(word);
    return fclose(file);
}
