/* What the keeper gives up for good once its zygote is forked. */
#pragma once

/* The network (a net namespace of its own), new privileges, other programs, other processes' memory. A layer
 * that the machine refuses is done without: the keeper parses nothing from the network in the first place. */
void harden_process(void);
