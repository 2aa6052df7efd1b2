/* crumble: what does not compile, so that a farm can show a build that fails. */
int main(void)
{
    return biscuits_left;
}
