import { MemoryView } from "../memory";
import { laboratory } from "../lab";

export default laboratory("memory", MemoryView);
